/**
 * Whether values rise or fall in the order in which they were measured: Mann and Kendall's test of all pairs, and Theil and Sen's
 * slope. Source: Kendall, Rank Correlation Methods; Hollander and Wolfe, 8.1 and 8.3.
 */
import { median } from "./order.ts";
import { normalCdf } from "./normal.ts";

export interface Drift {
  /** The change from one value to the next, as a share of the median. */
  readonly stepShare: number;
  /** The probability that values without a drift look at least as much like one. */
  readonly p: number;
}

/** Less than the usual 5 %: a study has many groups, and each is asked. Six values are the fewest that can reach it. */
const P_MAX = 0.01;

/** Undefined when no drift is shown. */
export function driftOf(values: readonly number[]): Drift | undefined {
  const { score, slopes } = pairsOf(values);
  const p = trendProbability(values.length, score);
  const middle = values.length > 0 ? median(values) : 0;
  if (p > P_MAX || slopes.length === 0 || middle === 0) return undefined;
  return { stepShare: median(slopes) / middle, p };
}

/** Of all pairs, in how many more the later is the greater than the smaller; and the slope of each. */
export function pairsOf(values: readonly number[]): { readonly score: number; readonly slopes: readonly number[] } {
  let score = 0;
  const slopes: number[] = [];
  for (const [later, value] of values.entries())
    for (let earlier = 0; earlier < later; earlier++) {
      const rise = value - (values[earlier] ?? Number.NaN);
      score += Math.sign(rise);
      slopes.push(rise / (later - earlier));
    }
  return { score, slopes };
}

const EXACT_MAX = 60;

/** Two-sided. Exact up to 60 values, by the number of orders with so many inversions; above by the normal distribution. */
export function trendProbability(n: number, score: number): number {
  const pairs = (n * (n - 1)) / 2;
  if (n > EXACT_MAX) {
    const sd = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
    return Math.min(1, 2 * normalCdf(-Math.max(0, Math.abs(score) - 1) / sd));
  }
  const most = Math.floor((pairs - Math.abs(score)) / 2 + 1e-9);
  let sum = 0;
  for (const share of inversionShares(n).subarray(0, most + 1)) sum += share;
  return Math.min(1, 2 * sum);
}

/** Of all orders of n values, the share with 0 inversions, with 1 and so on. */
function inversionShares(n: number): Float64Array {
  let shares = Float64Array.of(1);
  for (let size = 2; size <= n; size++) {
    const next = new Float64Array((size * (size - 1)) / 2 + 1);
    // The size-th value may stand before any number of the others, each as likely.
    for (const [inversions, share] of shares.entries())
      for (let more = 0; more < size; more++) next[inversions + more] = (next[inversions + more] ?? 0) + share / size;
    shares = next;
  }
  return shares;
}

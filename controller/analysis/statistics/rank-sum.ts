/**
 * The distribution of Mann and Whitney's U when two groups do not differ: of all pairs of one value from each, in how many the
 * first is the greater. Exact up to 2,500 pairs; above, the normal distribution with its correction for continuity.
 * Source: Mann and Whitney, Annals of Mathematical Statistics 18 (1947); Hollander and Wolfe, table A.6.
 */
import { normalQuantile } from "./normal.ts";

/** Counting takes about a quarter of the square of this, in steps. */
const EXACT_PAIRS_MAX = 2_500;

/** A comparison asks for the same sizes again and again: for each measure of each workload. */
const KNOWN = new Map<string, Cut>();

export interface Cut {
  readonly k: number;
  readonly below: number;
}

/**
 * The greatest k so that P(U < k) is at most `tail`, and that probability. k of 0 says that no such value exists: the groups are
 * too small.
 */
export function rankSumCut(m: number, n: number, tail: number): Cut {
  if (m * n > EXACT_PAIRS_MAX) {
    const sd = Math.sqrt((m * n * (m + n + 1)) / 12);
    return { k: Math.max(0, Math.floor((m * n) / 2 - 0.5 + normalQuantile(tail) * sd)), below: tail };
  }
  const key = `${m} ${n} ${tail}`;
  const cut = KNOWN.get(key) ?? exactCut(m, n, tail);
  KNOWN.set(key, cut);
  return cut;
}

function exactCut(m: number, n: number, tail: number): Cut {
  let [k, below] = [0, 0];
  for (const share of rankSumShares(m, n)) {
    if (below + share > tail) break;
    below += share;
    k++;
  }
  return { k, below };
}

/** P(U = 0), P(U = 1) and so on up to P(U = m * n). */
export function rankSumShares(m: number, n: number): Float64Array {
  // The probability that U is u comes from the group that the greatest value is of: it adds all of the other group, or none.
  let rows: Float64Array[] = Array.from({ length: n + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= m; i++) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let j = 1; j <= n; j++) {
      const shares = new Float64Array(i * j + 1);
      add(shares, rows[j], j, i / (i + j));
      add(shares, next[j - 1], 0, j / (i + j));
      next.push(shares);
    }
    rows = next;
  }
  return rows[n] ?? Float64Array.of(1);
}

function add(to: Float64Array, from: Float64Array | undefined, shift: number, share: number): void {
  if (!from) return;
  for (let u = 0; u < from.length; u++) to[u + shift] = (to[u + shift] ?? 0) + share * (from[u] ?? 0);
}

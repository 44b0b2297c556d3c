/**
 * Where the true median lies, without any assumption about how values are distributed. Each value is above the true median as a
 * coin falls, so ranks decide: the k-th least and the k-th greatest value hold it unless fewer than k coins fell on one side.
 * Source: Conover, Practical Nonparametric Statistics, 3rd ed., 3.2; Hahn and Meeker, Statistical Intervals, table A.16.
 */
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";
import { fairCoinCdf } from "./binomial.ts";
import { CONFIDENCE, type Spread } from "./interval.ts";
import { ascending } from "./order.ts";

/** From so many values on, the least and the greatest hold the true median with 95 %: 1 - 2 / 2^6 is 96.9 %. */
export const MEDIAN_VALUES_MIN = 6;

/** The narrowest interval with at least 95 %; of fewer than 6 values their range. There must be one value. */
export function medianInterval(values: readonly number[]): Spread {
  const rank = medianRank(values.length);
  if (rank === undefined) return { type: "range", low: least(values), high: greatest(values) };
  const sorted = ascending(values);
  return {
    type: "interval",
    low: sorted[rank - 1] ?? Number.NaN,
    high: sorted[values.length - rank] ?? Number.NaN,
    confidence: 1 - 2 * fairCoinCdf(rank - 1, values.length),
  };
}

/** The rank, counted from 1 at either end, of the values that bound the median of n; undefined when n is too small. */
export function medianRank(n: number): number | undefined {
  let rank = 0;
  while (1 - 2 * fairCoinCdf(rank, n) >= CONFIDENCE) rank++;
  return rank === 0 ? undefined : rank;
}

/**
 * By what factor one group of values differs from another: Hodges and Lehmann's estimate, and the interval that inverts Mann and
 * Whitney's exact test. Both work on logarithms, so a difference becomes a factor. Nothing is assumed of how values are
 * distributed but that the two groups differ by a factor; no chance is used.
 * Source: Hollander and Wolfe, Nonparametric Statistical Methods, 2nd ed., 4.2 and 4.3.
 */
import { CONFIDENCE, type Spread } from "./interval.ts";
import { medianOfSorted } from "./order.ts";
import { rankSumCut } from "./rank-sum.ts";

export interface Ratio {
  /** How many times the base the other group is. */
  readonly value: number;
  /** A range: the groups are too small for 95 %. */
  readonly spread: Spread;
}

/** Undefined when a group is empty, or a value is not above 0: nothing is a multiple of 0. */
export function ratioTo(base: readonly number[], other: readonly number[]): Ratio | undefined {
  if (base.length === 0 || other.length === 0) return undefined;
  if (![...base, ...other].every((value) => value > 0)) return undefined;
  const pairs = differences(base.map(Math.log), other.map(Math.log));
  const { k, below } = rankSumCut(base.length, other.length, (1 - CONFIDENCE) / 2);
  const at = (index: number) => Math.exp(pairs[index] ?? Number.NaN);
  const spread: Spread =
    k === 0
      ? { type: "range", low: at(0), high: at(pairs.length - 1) }
      : { type: "interval", low: at(k - 1), high: at(pairs.length - k), confidence: 1 - 2 * below };
  return { value: Math.exp(medianOfSorted(pairs)), spread };
}

/** Of every pair, ascending. */
function differences(base: readonly number[], other: readonly number[]): Float64Array {
  const pairs = new Float64Array(base.length * other.length);
  let at = 0;
  for (const from of base) for (const to of other) pairs[at++] = to - from;
  return pairs.sort();
}

/** Of two groups of equal size, so many values each are the fewest that have an interval with 95 %. */
export const RATIO_VALUES_MIN = 4;

/**
 * Values that lie far from the others: those whose distance from the median is more than 3.5 times what the median distance
 * lets one expect. They are told, and never left out. Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993);
 * NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.17.
 */
import { mean } from "./dispersion.ts";
import { median } from "./order.ts";

const SCORE_MAX = 3.5;
/** The share of a standard deviation that the median distance of normal values is. */
const MEDIAN_DISTANCE = 0.6745;
/** And the mean distance: the root of 2 / pi. */
const MEAN_DISTANCE = 0.7979;
/** Among fewer values nobody can say which of them is the odd one. */
const VALUES_MIN = 5;

/** Their places in the list. */
export function outliers(values: readonly number[]): number[] {
  return modifiedScores(values).flatMap((score, index) => (Math.abs(score) > SCORE_MAX ? [index] : []));
}

/** Empty where there are too few values, or all are the same. */
export function modifiedScores(values: readonly number[]): number[] {
  if (values.length < VALUES_MIN) return [];
  const middle = median(values);
  const distances = values.map((value) => Math.abs(value - middle));
  const typical = median(distances);
  // More than half of the values are the same: the mean distance stands in.
  const unit = typical > 0 ? typical / MEDIAN_DISTANCE : mean(distances) / MEAN_DISTANCE;
  return unit > 0 ? values.map((value) => (value - middle) / unit) : [];
}

/**
 * How small a difference a comparison can show, and how many repeats it takes to show one. Planned as for a t test of
 * logarithms that finds a true difference in 8 of 10 studies, and widened by what ranks lose beside normal values (3 / pi).
 * Source: Cohen, Statistical Power Analysis; the efficiency: Lehmann, Nonparametrics, 2.4.
 */
import { standardDeviation } from "./dispersion.ts";
import { CONFIDENCE } from "./interval.ts";
import { studentQuantile } from "./normal.ts";
import { RATIO_VALUES_MIN } from "./ratio.ts";

const POWER = 0.8;
const RANK_EFFICIENCY = 3 / Math.PI;

/** Within groups of logarithms; undefined where no group has two values, or a value is not above 0. */
export function pooledLogDeviation(groups: readonly (readonly number[])[]): number | undefined {
  if (!groups.flat().every((value) => value > 0)) return undefined;
  let [squares, freedom] = [0, 0];
  for (const values of groups) {
    const deviation = standardDeviation(values.map(Math.log));
    if (deviation === undefined) continue;
    squares += deviation ** 2 * (values.length - 1);
    freedom += values.length - 1;
  }
  return freedom === 0 ? undefined : Math.sqrt(squares / freedom);
}

/** The least ratio above 1 that groups of m and n values are likely to show: 1.04 is a difference of 4 %. */
export function detectableRatio(deviation: number, m: number, n: number): number {
  const freedom = m + n - 2;
  const wanted = studentQuantile((1 + CONFIDENCE) / 2, freedom) + studentQuantile(POWER, freedom);
  return Math.exp(wanted * deviation * Math.sqrt((1 / m + 1 / n) / RANK_EFFICIENCY));
}

/** More than anybody would run. */
const REPEATS_MAX = 1000;

/** How many values each of two equal groups needs to show a ratio; undefined when a thousand are not enough. */
export function repeatsNeeded(deviation: number, ratio: number): number | undefined {
  const wanted = ratio >= 1 ? ratio : 1 / ratio;
  const enough = (each: number) => detectableRatio(deviation, each, each) <= wanted;
  if (!enough(REPEATS_MAX)) return undefined;
  let [few, many] = [RATIO_VALUES_MIN - 1, REPEATS_MAX];
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (enough(middle)) many = middle;
    else few = middle;
  }
  return many;
}

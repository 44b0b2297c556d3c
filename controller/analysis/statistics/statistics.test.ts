/** Against figures from R (fixtures.R says how they were made) and against published tables. */
import { expect, test } from "vitest";
import { mean, standardDeviation, variation } from "./dispersion.ts";
import { driftOf, pairsOf, trendProbability } from "./drift.ts";
import fixtures from "./fixtures.json" with { type: "json" };
import { medianInterval, medianRank, MEDIAN_VALUES_MIN } from "./median-interval.ts";
import { normalCdf, normalQuantile, studentCdf, studentQuantile } from "./normal.ts";
import { median } from "./order.ts";
import { modifiedScores, outliers } from "./outliers.ts";
import { detectableRatio, pooledLogDeviation, repeatsNeeded } from "./power.ts";
import { rankSumCut, rankSumShares } from "./rank-sum.ts";
import { ratioTo, RATIO_VALUES_MIN } from "./ratio.ts";

const valuesOf = (name: string) => fixtures.groups.find((group) => group.name === name)?.values ?? [];

test.for(fixtures.groups)("median, variation, scores and trend of $name are those of R", (group) => {
  const { values } = group;
  expect(median(values)).toBeCloseTo(group.median, 9);
  expect(variation(values)).toBeCloseTo(group.variation, 10);
  if (values.length >= 5)
    for (const [index, score] of modifiedScores(values).entries()) expect(score).toBeCloseTo(group.scores[index]!, 8);
  const { score, slopes } = pairsOf(values);
  expect(trendProbability(values.length, score)).toBeCloseTo(group.trendP, 10);
  expect(median(slopes)).toBeCloseTo(group.slope, 9);
});

test.for(fixtures.ratios)("the ratio of $other to $base, and its interval, are those of R", (known) => {
  const ratio = ratioTo(valuesOf(known.base), valuesOf(known.other));
  // R finds the bounds among the same pairs; its estimate is exact as well.
  expect(ratio?.value).toBeCloseTo(known.value, 9);
  expect(ratio?.spread.type).toBe("interval");
  expect(ratio?.spread.low).toBeCloseTo(known.low, 9);
  expect(ratio?.spread.high).toBeCloseTo(known.high, 9);
});

test("groups that are too small for 95 % have a range of ratios, and no interval", () => {
  expect(ratioTo([100, 110, 120], [200, 220, 240])?.spread).toEqual({
    type: "range",
    low: expect.closeTo(200 / 120, 9),
    high: expect.closeTo(2.4, 9),
  });
  expect(ratioTo([100], [200])).toMatchObject({ value: expect.closeTo(2, 9), spread: { type: "range" } });
  const few = Array.from({ length: RATIO_VALUES_MIN }, (_, index) => 100 + index);
  expect(ratioTo(few, few)?.spread.type).toBe("interval");
  expect(ratioTo(few.slice(1), few.slice(1))?.spread.type).toBe("range");
});

test("nothing is a ratio of nothing, or of 0", () => {
  expect(ratioTo([], [1])).toBeUndefined();
  expect(ratioTo([1], [])).toBeUndefined();
  expect(ratioTo([0, 1], [1, 2])).toBeUndefined();
});

test.for(fixtures.ranks)("the cut of ranks of $m and $n values is that of R", ({ m, n, k, below }) => {
  expect(rankSumCut(m, n, 0.025)).toEqual({ k, below: expect.closeTo(below, 10) });
  expect(rankSumCut(n, m, 0.025).k).toBe(k);
});

// Two-sided 5 %, as most textbooks print it: a difference is shown when U is this or less.
test.for([
  [5, 5, 2],
  [5, 8, 6],
  [6, 9, 10],
  [7, 7, 8],
  [10, 12, 29],
  [15, 15, 64],
  [20, 20, 127],
] as const)("the table of Mann and Whitney has for %i and %i values the critical U %i", ([m, n, critical]) => {
  expect(rankSumCut(m, n, 0.025).k - 1).toBe(critical);
});

test("all ranks together have the probability 1, and large groups join the exact ones without a step", () => {
  expect(rankSumShares(7, 9).reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
  // The exact ones of R are 966 for 50 and 50, 987 for 51 and 50, and 4198 for 100 and 100.
  expect(rankSumCut(50, 50, 0.025).k).toBe(966);
  expect(Math.abs(rankSumCut(51, 50, 0.025).k - 987)).toBeLessThanOrEqual(2);
  expect(Math.abs(rankSumCut(100, 100, 0.025).k - 4198)).toBeLessThanOrEqual(2);
});

test.for(fixtures.medians)("of $n values the ranks and the confidence are those of R", ({ n, rank, confidence }) => {
  expect(medianRank(n)).toBe(rank);
  const values = Array.from({ length: n }, (_, index) => ((index * 7919) % n) + 1);
  const interval = medianInterval(values);
  if (values.toSorted((a, b) => a - b).every((value, index) => value === index + 1))
    expect(interval).toMatchObject({ low: rank, high: n + 1 - rank });
  expect(interval).toMatchObject({ type: "interval", confidence: expect.closeTo(confidence, 8) });
});

test("five values have a range, and six the first interval", () => {
  expect(medianInterval([5, 1, 4, 2, 3])).toEqual({ type: "range", low: 1, high: 5 });
  expect(medianInterval([5, 1, 4, 2, 3, 6])).toEqual({ type: "interval", low: 1, high: 6, confidence: 0.96875 });
  expect(medianRank(MEDIAN_VALUES_MIN)).toBe(1);
  expect(medianRank(MEDIAN_VALUES_MIN - 1)).toBeUndefined();
});

test.for(fixtures.quantiles)("Student's t for $p and $df is that of R", ({ p, df, t }) => {
  expect(studentQuantile(p, df)).toBeCloseTo(t, 8);
  expect(studentCdf(t, df)).toBeCloseTo(p, 10);
});

test.for(fixtures.normal)("the normal quantile of $p is that of R", ({ p, z }) => {
  expect(normalQuantile(p)).toBeCloseTo(z, 9);
  expect(normalCdf(z)).toBeCloseTo(p, 10);
});

// NIST/SEMATECH e-Handbook, 1.3.5.17.1: mass spectrometer measurements of a uranium isotope.
test("the outlier of NIST's example is found, and none elsewhere", () => {
  expect(outliers([199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57])).toEqual([7]);
  expect(outliers(valuesOf("odd"))).toEqual([4]);
  expect(outliers(valuesOf("iscsi"))).toEqual([]);
  expect(outliers([1, 1, 1, 1, 1, 9])).toEqual([5]); // more than half the same
  expect(outliers([1, 1, 1, 1, 1])).toEqual([]);
  expect(outliers([1, 2, 1000])).toEqual([]); // too few to say
});

test("a drift is told with its step and its probability, and only where it is shown", () => {
  const drift = driftOf(valuesOf("rising"));
  expect(drift?.stepShare).toBeCloseTo(0.9 / 53.8, 9);
  expect(drift?.p).toBeCloseTo(4.96e-5, 7);
  expect(driftOf(valuesOf("iscsi"))).toBeUndefined();
  expect(driftOf([1, 2, 3, 4, 5])).toBeUndefined(); // 2 of 120 orders look like this
  expect(driftOf([6, 5, 4, 3, 2, 1])?.stepShare).toBeCloseTo(-1 / 3.5, 9);
  expect(driftOf([])).toBeUndefined();
});

test("large groups have the probability of a trend from the normal distribution", () => {
  // The exact one of 60 values and the normal one of 61 differ by little.
  expect(trendProbability(61, 400)).toBeCloseTo(trendProbability(60, 390), 2);
  expect(trendProbability(61, 0)).toBe(1);
});

test.for(fixtures.power)("repeats needed agree with R's power of a t test, and a little more for ranks", (known) => {
  // A deviation of 1 in logarithms, so the ratio is e to the difference.
  const each = repeatsNeeded(1, Math.exp(known.difference)) ?? 0;
  expect(each).toBeGreaterThanOrEqual(Math.ceil(known.each) - 1);
  expect(each).toBeLessThanOrEqual(Math.ceil(known.each * (Math.PI / 3)) + 1);
});

test("more repeats show a smaller difference, and as many are needed as show it", () => {
  const deviation = 0.03;
  expect(detectableRatio(deviation, 20, 20)).toBeLessThan(detectableRatio(deviation, 6, 6));
  const each = repeatsNeeded(deviation, 1.02) ?? 0;
  expect(detectableRatio(deviation, each, each)).toBeLessThanOrEqual(1.02);
  expect(detectableRatio(deviation, each - 1, each - 1)).toBeGreaterThan(1.02);
  expect(repeatsNeeded(deviation, 1 / 1.02)).toBe(each);
  expect(repeatsNeeded(deviation, 1.5)).toBe(RATIO_VALUES_MIN);
  expect(repeatsNeeded(0.5, 1.001)).toBeUndefined();
});

test("a deviation is of the values within their groups", () => {
  const within = pooledLogDeviation([
    [100, 110],
    [1000, 1100],
  ]);
  expect(within).toBeCloseTo(Math.log(1.1) / Math.SQRT2, 9);
  expect(pooledLogDeviation([[5], [7]])).toBeUndefined();
  expect(pooledLogDeviation([[0, 5]])).toBeUndefined();
  expect(standardDeviation([5])).toBeUndefined();
  expect(mean([1, 2, 6])).toBe(3);
});

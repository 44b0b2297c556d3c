import { binNs, binOf } from "@salvo/shared/fio/bins.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, small } from "./analysis.fixture.ts";
import { addIo, emptySum, type Share, totalsOfShares } from "./io-sums.ts";
import { percentilesOfBins } from "./percentiles.ts";

test("reads and writes are told apart, for the run and for each participant, and together they are the total", () => {
  const { summary, participants } = conclude(syntheticRun(small));
  for (const totals of [summary.totals, ...participants.map((each) => each.totals)]) {
    expect(totals?.read?.iops).toBeCloseTo((2 / 3) * totals!.iops, 6);
    expect(totals?.write?.iops).toBeCloseTo((1 / 3) * totals!.iops, 6);
    expect(totals!.read!.mibPerSec + totals!.write!.mibPerSec).toBeCloseTo(totals!.mibPerSec, 6);
    expect(totals?.read?.latencyUs?.p50).toBeDefined();
  }
});

test("what was only read has no writes", () => {
  const { summary, participants } = conclude(syntheticRun(small), (record) => {
    if (record.body.case === "fio") delete record.body.value.write;
    return record;
  });
  expect(summary.totals?.write).toBeUndefined();
  expect(summary.totals?.read?.iops).toBeCloseTo(summary.totals!.iops, 9);
  expect(participants[0]?.totals?.write).toBeUndefined();
});

function shareOf(readNs: readonly number[], writeNs: readonly number[], seconds: number): Share {
  const sums = { read: emptySum(), write: emptySum() };
  for (const [direction, all] of [
    ["read", readNs],
    ["write", writeNs],
  ] as const)
    for (const ns of all)
      addIo(sums[direction], {
        $typeName: "salvo.v1.Io",
        ios: 1,
        bytes: 4096n,
        latency: { $typeName: "salvo.v1.Latency", bins: [binOf(ns)], counts: [1] },
      });
  return { sums, seconds, longestNs: { read: 5_000_500, write: 9_030_000 } };
}

test("each participant counts over its own time, and each direction has the longest of its own", () => {
  const totals = totalsOfShares([
    shareOf([1_000_000, 5_000_000], [9_000_000], 1),
    shareOf([2_000_000, 2_000_000], [], 2),
  ]);
  expect(totals.iops).toBeCloseTo(3 + 1, 9);
  expect(totals.read?.iops).toBeCloseTo(2 + 1, 9);
  expect(totals.write?.iops).toBeCloseTo(1, 9);
  expect(totals.read?.latencyUs?.max).toBeCloseTo(5000.5, 6);
  expect(totals.write?.latencyUs?.max).toBeCloseTo(9030, 6);
  expect(totals.latencyUs?.max).toBe(totals.write?.latencyUs?.max);
});

test("mean and standard deviation are those of the bins' middles, and percentiles are there where the counts support them", () => {
  const bins = emptySum().bins;
  const [fast, slow] = [binOf(100_000), binOf(900_000)];
  bins[fast] = 90_000;
  bins[slow] = 10_000;
  const latency = percentilesOfBins(bins);
  const mean = (0.9 * binNs(fast) + 0.1 * binNs(slow)) / 1000;
  expect(latency.mean).toBeCloseTo(mean, 9);
  expect(latency.stddev).toBeCloseTo(((binNs(slow) - binNs(fast)) / 1000) * 0.3, 2);
  expect(latency).toMatchObject({ p50: binNs(fast) / 1000, p95: binNs(slow) / 1000, p9999: binNs(slow) / 1000 });
  bins[fast] = 80_000;
  expect(percentilesOfBins(bins).p9999).toBeUndefined(); // 9 of 90,000 lie beyond
  expect(percentilesOfBins(emptySum().bins)).not.toHaveProperty("mean");
  const one = emptySum().bins;
  one[fast] = 1;
  expect(percentilesOfBins(one)).not.toHaveProperty("stddev");
});

import { binRangeNs } from "@salvo/shared/fio/bins.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, type Edit, small } from "./analysis.fixture.ts";

const asIs: Edit = (record) => record;

test("a clock that was looked at only once is judged by what it may have drifted, and told when that is little", () => {
  const hour = syntheticRun({ agents: 2, participantsPerAgent: 1, intervalMs: 60_000, rampTicks: 0, ticks: 60 });
  const [first] = hour.clockAfter;
  const { summary } = conclude(hour, asIs, { clockAfter: [first!] });
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason:
      "the clock of vm2 was looked at only once: by the far end of the run it may be wrong by 720.8 ms; the limit is 5 ms",
    clockBoundUs: expect.closeTo(720_784, 0),
  });
  expect(conclude(hour, asIs).summary).toMatchObject({ verdict: "complete", clockBoundUs: 40 });
  const short = syntheticRun(small);
  const once = conclude(short, asIs, { clockAfter: short.clockAfter.slice(0, 1) });
  expect(once.summary.verdict).toBe("complete");
  expect(once.notes).toEqual([
    "the clock of vm2 was looked at only once: by the far end of the run it may be wrong by 2.0 ms",
  ]);
});

test("the summary tells the bound of the start itself, and which round trip a wide one is from", () => {
  const run = syntheticRun(small);
  // 0.05 ms of the proof, 0.04 ms of the clock, 1 ns for rounding.
  expect(conclude(run).summary).toMatchObject({ startBoundUs: expect.closeTo(90.001, 3), clockBoundUs: 40 });
  const far = (estimates: typeof run.clockBefore) =>
    estimates.map((estimate, index) =>
      index === 1 ? { ...estimate, boundNs: 21_000_000n, rttNs: 42_000_000n } : estimate,
    );
  const { summary } = conclude(run, asIs, { clockBefore: far(run.clockBefore), clockAfter: far(run.clockAfter) });
  expect(summary.startSpreadMs?.max).toBeCloseTo(0.3, 6);
  expect(summary.reason).toBe(
    "the start is proven only to 21.1 ms because the round trip to vm2 is 42.0 ms; the limit is 10 ms",
  );
  expect(summary.warnings).toEqual([
    "the clock of vm2 is known only to 21.0 ms because its round trip is 42.0 ms; the limit is 5 ms",
  ]);
});

test("a window that is short tells how long it is, and who was late", () => {
  const late: Edit = (record) => {
    const { body } = record;
    if (body.case === "start" && body.value.participant === "vm2.disk1")
      for (const end of ["earliestNs", "latestNs"] as const) body.value[end] += 2_060_000_000n;
    return record;
  };
  const { summary } = conclude(syntheticRun(small), late);
  expect(summary.reason).toBe("vm2.disk1 started 2060.2 ms after the first, over the limit of 25 ms");
  expect(summary.warnings).toContain(
    "the participants ran together for 4 s instead of 5 s: vm2.disk1 began 2.06 s after T0",
  );
});

/** One I/O of a participant took as long as a bin says, and fio's result may know it better. */
const longest =
  (bin: number, resultNs?: number): Edit =>
  (record) => {
    const { body } = record;
    if (body.case === "fio" && body.value.participant === "vm1.disk2" && body.value.tick === 5)
      body.value.read!.latency!.bins[7] = bin;
    if (body.case === "final" && body.value.participant === "vm1.disk2" && resultNs !== undefined)
      body.value.json = JSON.stringify({ jobs: [{ read: { lat_ns: { max: resultNs } }, write: {} }] });
    return record;
  };

test("the longest latency is the upper edge of its bin, or what fio's own result says where that is closer", () => {
  const maxOf = (edit: Edit) => conclude(syntheticRun(small), edit).summary.totals?.latencyUs?.max;
  const edgeUs = binRangeNs(1691).mostNs / 1000; // 3.087 s
  expect(maxOf(longest(1691))).toBeCloseTo(edgeUs, 3);
  expect(maxOf(longest(1691, 3_060_000_123))).toBeCloseTo(3_060_000.123, 3);
  expect(maxOf(longest(1691, 9_000_000_000))).toBeCloseTo(edgeUs, 3); // it was in the ramp
  expect(maxOf(longest(1691, 1_000))).toBeCloseTo(edgeUs, 3); // that cannot be
  expect(maxOf(longest(1855))).toBe(binRangeNs(1855).leastNs / 1000);
  expect(maxOf(longest(1855, 31_000_000_000))).toBeCloseTo(31_000_000, 3);
  const { participants } = conclude(syntheticRun(small), longest(1691));
  expect(participants.map(({ totals }) => (totals?.latencyUs?.max ?? 0) > 1e6)).toEqual([false, true, false, false]);
});

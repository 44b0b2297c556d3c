import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, small, type Edit } from "./analysis.fixture.ts";

test("a start further behind the first than 25 ms degrades the run, and a less late one does not", () => {
  const by =
    (ns: bigint): Edit =>
    (record) => {
      const { body } = record;
      if (body.case === "start" && body.value.participant === "vm2.disk1") {
        body.value.earliestNs += ns;
        body.value.latestNs += ns;
      }
      return record;
    };
  const run = syntheticRun(small);
  expect(conclude(run, by(24_700_000n)).summary.verdict).toBe("complete");
  expect(conclude(run, by(950_000_000n)).summary).toMatchObject({
    verdict: "degraded",
    reason: "vm2.disk1 started 950.2 ms after the first, over the limit of 25 ms",
    window: { firstTick: 2, lastTick: 7 },
  });
});

/** fio of one participant gathers its counts of a tick so long after it, with all the I/O that it does until then. */
const answersLate =
  (participant: string, lateNsAt: (tick: number) => bigint): Edit =>
  (record) => {
    const { body } = record;
    if (body.case !== "fio" || body.value.participant !== participant) return record;
    const { tick, read, write } = body.value;
    const ios = Number((lateNsAt(tick) - lateNsAt(tick - 1) + 1_000_000_000n) / 1_000_000n);
    body.value.countedAtNs += lateNsAt(tick);
    Object.assign(read!, { ios, bytes: BigInt(ios) * 4096n });
    Object.assign(write!, { ios: 0, bytes: 0n });
    return record;
  };

test("a fio that is late to answer by as much at both ends of the window has the rate that it had, and the run is complete", () => {
  const { summary, participants } = conclude(
    syntheticRun(small),
    answersLate("vm1.disk1", () => 250_000_000n),
  );
  expect(summary.verdict).toBe("complete");
  expect(participants[0]).toMatchObject({ id: "vm1.disk1", measuredSeconds: 5 });
  expect(participants[0]!.totals!.iops).toBeCloseTo(1000, 6);
});

test("counts of another time than the window's are a true rate, and a degraded run that says whose they are", () => {
  const run = syntheticRun(small);
  const { summary, participants } = conclude(
    run,
    answersLate("vm1.disk1", (tick) => (tick === 2 ? 600_000_000n : 0n)),
  );
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason: "counts of vm1.disk1 are of 4.40 s instead of 5 s",
  });
  expect(participants[0]!.measuredSeconds).toBeCloseTo(4.4, 9);
  expect(participants[0]!.totals!.iops).toBeCloseTo(1000, 6);
  const others = participants.slice(1).reduce((sum, { totals }) => sum + totals!.iops, 0);
  expect(summary.totals!.iops).toBeCloseTo(1000 + others, 6);
  const little = answersLate("vm1.disk1", (tick) => (tick === 7 ? 90_000_000n : 0n));
  expect(conclude(run, little).summary.verdict).toBe("complete");
  expect(conclude(run, little).participants[0]!.totals!.iops).toBeCloseTo(1000, 6);
});

test("a window that begins at T0 is measured from T0", () => {
  const { participants } = conclude(syntheticRun({ ...small, rampTicks: 0 }));
  expect(participants.map(({ measuredSeconds }) => measuredSeconds)).toEqual([5.0003, 5.0003, 5.0003, 5.0003]);
});

test("percentiles say how wide the bin is that they were found in", () => {
  const { totals } = conclude(syntheticRun({ ...small, ticks: 50 })).summary;
  const { p50 = 0, p50Resolution = 0, p999Resolution = 0 } = totals!.latencyUs!;
  expect(p50Resolution).toBe(0.512);
  expect(p50Resolution / p50).toBeLessThanOrEqual(1 / 64);
  expect(p999Resolution).toBeGreaterThanOrEqual(p50Resolution);
});

test("a wall clock that was set in mid-run is a note", () => {
  const set: Edit = (record) => {
    if (record.body.case === "start" && record.body.value.participant === "vm2.disk2")
      record.body.value.wallClockSet = true;
    return record;
  };
  expect(conclude(syntheticRun(small), set).notes).toEqual([
    "the wall clock of vm2.disk2's host was set in mid-run: the start is proven without it",
  ]);
});

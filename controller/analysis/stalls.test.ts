import { binOf } from "@salvo/shared/fio/bins.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, type Edit } from "./analysis.fixture.ts";

const MS = 1_000_000n;
const shape = { agents: 2, participantsPerAgent: 1, rampTicks: 2, ticks: 10 } as const;

/** fio of a participant is stopped so long, from half a second after a tick: asked at the next ticks, it answers when it goes on. */
const fioStops =
  (participant: string, afterTick: number, forMs: bigint): Edit =>
  (record) => {
    const { body } = record;
    if (body.case !== "fio" || body.value.participant !== participant) return record;
    const afterStopMs = BigInt(body.value.tick - afterTick) * 1000n - 500n;
    if (afterStopMs <= 0n || afterStopMs >= forMs) return record;
    const answersNow = afterStopMs + 1000n >= forMs; // the last tick that was asked for in the stop
    if (answersNow) body.value.countedAtNs += (forMs - afterStopMs) * MS;
    else Object.assign(body.value, { stalled: true, countedAtNs: 0n, read: undefined, write: undefined });
    return record;
  };

/** An agent is stopped likewise: it takes all ticks in it when it goes on. fio has worked all the time. */
const agentStops =
  (who: string, afterTick: number, forMs: bigint): Edit =>
  (record, agent) => {
    const { body } = record;
    if (agent !== who || (body.case !== "fio" && body.case !== "cpu" && body.case !== "disk")) return record;
    const afterStopMs = BigInt(body.value.tick - afterTick) * 1000n - 500n;
    if (afterStopMs > 0n && afterStopMs < forMs) body.value.takenAtNs += (forMs - afterStopMs) * MS;
    return record;
  };

const idleAt =
  (participant: string, ...ticks: number[]): Edit =>
  (record) => {
    const { body } = record;
    if (body.case === "fio" && body.value.participant === participant && ticks.includes(body.value.tick))
      for (const io of [body.value.read, body.value.write]) if (io) Object.assign(io, { ios: 0, bytes: 0n });
    return record;
  };

test("a fio that is stopped for 3 s degrades the run, with agent and ticks, and the totals say that they contain it", () => {
  const { summary } = conclude(syntheticRun(shape), fioStops("vm1.disk1", 5, 3000n));
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason: "fio of vm1.disk1 did not answer for 2.5 s, at ticks 6 to 7; the totals contain this stall",
    totals: { stalledSeconds: expect.closeTo(2.5, 2) },
  });
});

test("a stall that ticks alone prove only in part is proven by the latency of what was in flight", () => {
  const stopped =
    (forMs: number): Edit =>
    (record, agent) => {
      const edited = fioStops("vm1.disk1", 5, BigInt(forMs))(record, agent);
      if (edited?.body.case === "fio" && edited.body.value.participant === "vm1.disk1" && edited.body.value.tick === 7)
        edited.body.value.read!.latency!.bins.splice(-1, 1, binOf(forMs * 1e6));
      return edited;
    };
  const { summary } = conclude(syntheticRun(shape), stopped(2_400));
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason: "fio of vm1.disk1 did not answer for 2.4 s, at tick 6; the totals contain this stall",
    totals: { stalledSeconds: expect.closeTo(2.4, 1) },
  });
  expect(conclude(syntheticRun(shape), stopped(1_900)).summary.verdict).toBe("complete");
});

test("an agent that is stopped for 3 s degrades the run, though its fio went on", () => {
  const { summary } = conclude(syntheticRun(shape), agentStops("vm2", 5, 3000n));
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason: "agent vm2 stood still for 2.5 s: it took ticks 6 to 7 late; the totals contain this stall",
    totals: { stalledSeconds: expect.closeTo(2.5, 2) },
  });
});

test("a shorter stall is late answers and no more", () => {
  for (const edit of [fioStops("vm1.disk1", 5, 2000n), agentStops("vm2", 5, 2000n)])
    expect(conclude(syntheticRun(shape), edit).summary).toMatchObject({
      verdict: "complete",
      totals: { stalledSeconds: 0 },
    });
});

test("at short intervals a busy host's fio may answer some ticks late, and not half a second", () => {
  const quick = syntheticRun({ ...shape, intervalMs: 100, ticks: 40 });
  const unanswered =
    (first: number, last: number): Edit =>
    (record) => {
      const { body } = record;
      if (
        body.case === "fio" &&
        body.value.participant === "vm1.disk1" &&
        body.value.tick >= first &&
        body.value.tick <= last
      )
        Object.assign(body.value, { stalled: true, countedAtNs: 0n });
      return record;
    };
  expect(conclude(quick, unanswered(10, 13)).summary.verdict).toBe("complete");
  expect(conclude(quick, unanswered(10, 15)).summary.reason).toMatch(/^fio of vm1.disk1 did not answer for 0.6 s/);
});

test("a fio that sleeps between two I/Os of a limited job answers late by as much, and is no stall", () => {
  const run = syntheticRun(shape);
  run.spec.workload!.rateIopsPerJob = 1;
  expect(conclude(run, fioStops("vm1.disk1", 5, 3000n)).summary.verdict).toBe("complete");
  expect(conclude(run, fioStops("vm1.disk1", 4, 4000n)).summary.verdict).toBe("degraded");
});

test("a participant that does no I/O while others do stood still, and each time of it is told, the longest first", () => {
  const { summary } = conclude(syntheticRun(shape), idleAt("vm1.disk1", 4, 5, 7, 8, 9, 11));
  expect(summary.verdict).toBe("degraded");
  expect(summary.reason).toBe(
    "vm1.disk1 did no I/O for 3.0 s, at ticks 7 to 9: its storage did not answer, " +
      "vm1.disk1 did no I/O for 2.0 s, at ticks 4 to 5: its storage did not answer; the totals contain these stalls",
  );
  expect(conclude(syntheticRun(shape), idleAt("vm1.disk1", 4, 6, 8)).summary.verdict).toBe("complete");
});

test("a stall in the ramp is in no total: a note", () => {
  const { summary, notes } = conclude(syntheticRun({ ...shape, rampTicks: 6 }), idleAt("vm1.disk1", 2, 3, 4));
  expect(summary).toMatchObject({ verdict: "complete", warnings: [], totals: { stalledSeconds: 0 } });
  expect(notes).toEqual([
    "vm1.disk1 did no I/O for 3.0 s, at ticks 2 to 4: its storage did not answer; that is outside of the window",
  ]);
});

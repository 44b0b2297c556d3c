import { EventKind, Outcome } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun, type SyntheticShape } from "@salvo/shared/testing/records.fixture.ts";
import { binNs } from "@salvo/shared/fio/bins.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { RunFacts } from "./facts.ts";
import { createClocks } from "./clocks.ts";
import { createMeasured } from "./measured.ts";
import { conclude, recordsOf, small, type Edit } from "./analysis.fixture.ts";
import { plannedSpan } from "./window.ts";

test("a run of which all is here is complete, with every sample expected and received", () => {
  const { summary, streams, notes, participants } = conclude(syntheticRun(small));
  expect(summary).toMatchObject({
    verdict: "complete",
    reason: "everything planned was measured and is here",
    participants: 4,
    clockBoundUs: 40,
    // 7 ticks x (4 fio + 2 CPU + 4 disk)
    samples: { expected: 70, received: 70, backfilled: 0, missing: 0 },
  });
  expect(
    streams.map(({ firstSeq, lastSeq, count, missing, received }) => [firstSeq, lastSeq, count, missing, received]),
  ).toEqual([
    [1, 45, 45, 0, 45],
    [1, 45, 45, 0, 45],
  ]);
  expect(notes).toEqual([]);
  expect(participants.every(({ started }) => started)).toBe(true);
});

test("totals are the I/O of the window over its length, and nothing of the ramp", () => {
  const run = syntheticRun(small);
  let ios = 0;
  for (const { record } of recordsOf(run, (record) => record))
    if (record.body.case === "fio" && record.body.value.tick > 2)
      ios += (record.body.value.read?.ios ?? 0) + (record.body.value.write?.ios ?? 0);
  const { summary, participants } = conclude(run);
  expect(summary.window).toMatchObject({
    firstTick: 2,
    lastTick: 7,
    startNs: run.t0WallNs + 2_000_000_000n,
    endNs: run.t0WallNs + 7_000_000_000n,
  });
  expect(summary.totals?.iops).toBeCloseTo(ios / 5, 9);
  expect(summary.totals?.mibPerSec).toBeCloseTo((ios * 4096) / 2 ** 20 / 5, 9);
  const sum = participants.reduce((sum, { totals }) => sum + (totals?.iops ?? 0), 0);
  expect(sum).toBeCloseTo(ios / 5, 9);
});

test("percentiles come from the merged histogram, and one that the samples do not support is absent", () => {
  const latencyUs = (shape: SyntheticShape) => conclude(syntheticRun({ ...small, ...shape })).summary.totals?.latencyUs;
  const few = latencyUs({ ticks: 1, binsPerSample: 2 });
  expect(few?.p50).toBeGreaterThan(0);
  expect(few).not.toHaveProperty("p999");
  // 8 bins, about evenly filled, 3 apart: half of all is within the fourth.
  const many = latencyUs({ agents: 1, participantsPerAgent: 1, ticks: 50 });
  expect(many?.p50).toBe(binNs(640 + 3 * 3) / 1000);
  expect(many?.p999).toBe(binNs(640 + 3 * 7) / 1000);
});

test("the start spread is the proofs' on the controller's clock, whatever each agent's clock says", () => {
  const { summary, participants } = conclude(syntheticRun(small));
  // Middles lie 0.1 ms apart; the clock's bound widens both sides alike.
  expect(summary.startSpreadMs?.p50).toBeCloseTo(0.1, 6);
  expect(summary.startSpreadMs?.max).toBeCloseTo(0.3, 6);
  // 0.8 ms after T0 +- 0.05 ms, +- 40 us (and 1 ns for rounding) of the clock.
  expect(participants[0]).toMatchObject({ firstIoEarliestNs: 709_999n, firstIoLatestNs: 890_001n });
});

test("every single record that is taken away is noticed", () => {
  const run = syntheticRun({ ...small, ticks: 1, rampTicks: 0 });
  for (const agent of ["vm1", "vm2"])
    for (const { seq } of run.records(agent)) {
      const { summary } = conclude(run, (record, of) => (of === agent && record.seq === seq ? undefined : record));
      expect([seq, summary.verdict]).toEqual([seq, "incomplete"]);
    }
});

test("the order in which agents' records are fed, and samples within the measured fold, changes no total", () => {
  const run = syntheticRun({ ...small, ticks: 3 });
  const all = [...recordsOf(run, (record) => record)];
  const expected = conclude(run).summary.totals;
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      const measured = createMeasured(
        run.spec,
        { first: 2, last: 5 },
        createClocks({ ns: run.t0Ns, wallNs: 0n }, run.clockBefore, run.clockAfter),
      );
      for (const { agent, record } of shuffled) measured.add(agent, record);
      expect(measured.totals(run.spec.participants.map(({ id }) => id))).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});

test("a tick without I/O counts as time in which nothing was done", () => {
  const run = syntheticRun(small);
  const idle: Edit = (record) => {
    if (record.body.case === "fio" && record.body.value.tick === 5) {
      delete record.body.value.read;
      delete record.body.value.write;
    }
    return record;
  };
  const { summary } = conclude(run, idle);
  expect(summary.verdict).toBe("complete");
  expect(summary.samples).toMatchObject({ expected: 70, received: 70 });
  expect(summary.totals?.iops).toBeLessThan(conclude(run).summary.totals?.iops ?? 0);
});

test("a participant that started late makes the window shorter, and the run degraded", () => {
  const late: Edit = (record) => {
    const { body } = record;
    if (body.case === "start" && body.value.participant === "vm2.disk1") {
      body.value.earliestNs += 3_500_000_000n;
      body.value.latestNs += 3_500_000_000n;
    }
    return record;
  };
  const { summary } = conclude(syntheticRun(small), late);
  expect(summary.window).toMatchObject({ firstTick: 4, lastTick: 7 });
  expect(summary).toMatchObject({
    verdict: "degraded",
    reason: "vm2.disk1 started 3500.2 ms after the first, over the limit of 25 ms",
  });
});

/** The agent dies after a tick's fio samples and before its CPU sample. */
const dies = (who: string, afterTick: number): Edit => {
  let dead = false;
  return (record, agent) => {
    if (agent !== who) return record;
    dead ||= record.body.case === "cpu" && record.body.value.tick === afterTick;
    return dead ? undefined : record;
  };
};

test("a lost agent leaves the survivors' window alone, is in no total of the run, and misses nothing that it measured", () => {
  const run = syntheticRun(small);
  const { summary, participants, notes } = conclude(run, dies("vm2", 4), { lost: ["vm2"] });
  expect(summary).toMatchObject({ verdict: "degraded", reason: "lost in mid-run: vm2" });
  expect(summary.window).toMatchObject({ firstTick: 2, lastTick: 7 });
  expect(summary.samples).toMatchObject({ expected: 35 + 3 * 5 + 2, received: 35 + 3 * 5 + 2, missing: 0 });
  expect(notes).toEqual([
    "vm2 was lost after tick 4; what it did until then is in its participants' figures, in no total",
  ]);
  const vm1 = conclude(syntheticRun({ ...small, agents: 1 })).summary.totals;
  expect(summary.totals).toEqual(vm1);
  expect(participants.map(({ lost, measuredSeconds }) => [lost, measuredSeconds])).toEqual([
    [false, 5],
    [false, 5],
    [true, 2],
    [true, 2],
  ]);
  // Over its own two ticks it did about what it does in five.
  const [before, after] = [conclude(run).participants[2], participants[2]];
  expect(after?.totals?.iops).toBeGreaterThan((before?.totals?.iops ?? 0) * 0.8);
});

test("of an agent that said it finished, and of which nothing is here, all samples are missing", () => {
  const { summary } = conclude(syntheticRun(small), (record, agent) => (agent === "vm2" ? undefined : record), {
    finished: ["vm1", "vm2"],
  });
  expect(summary.verdict).toBe("incomplete");
  // 7 ticks x (2 fio + 1 CPU); that there were disk samples nobody can know.
  expect(summary.samples).toMatchObject({ expected: 56, received: 35, missing: 21 });
});

test("an agent that died without the conductor's knowing leaves the run incomplete", () => {
  const { summary } = conclude(syntheticRun(small), dies("vm2", 4));
  expect(summary).toMatchObject({ verdict: "incomplete", reason: "the last records of vm2 are missing" });
});

test("a record after an agent's last word means that there was another", () => {
  const swapped: Edit = (record) => {
    if (record.body.case === "final") record.body = { case: "end", value: { ...finished } };
    else if (record.body.case === "end") record.body = { case: "event", value: { ...warning } };
    return record;
  };
  const { summary } = conclude(syntheticRun(small), swapped);
  expect(summary).toMatchObject({ verdict: "incomplete", reason: "the last records of vm1, vm2 are missing" });
});

const finished = { $typeName: "salvo.v1.RunEnd", outcome: Outcome.FINISHED, reason: "" } as const;
const warning = { $typeName: "salvo.v1.RunEvent", kind: EventKind.WARNING, participant: "", text: "no" } as const;

const ending =
  (outcome: Outcome, reason = ""): Edit =>
  (record, agent) => {
    if (agent === "vm2" && record.body.case === "end") Object.assign(record.body.value, { outcome, reason });
    return record;
  };

test("an agent's own word decides between finished, failed and ended early", () => {
  const run = syntheticRun(small);
  const verdictOf = (edit: Edit, facts: Partial<RunFacts> = {}) => {
    const { verdict, reason } = conclude(run, edit, facts).summary;
    return [verdict, reason];
  };
  expect(verdictOf(ending(Outcome.FAILED, "no such device"))).toEqual([
    "invalid",
    "fio failed on vm2 (no such device)",
  ]);
  expect(verdictOf(ending(Outcome.ABORTED))).toEqual(["aborted", "the run ended before its plan on vm2"]);
  expect(verdictOf(ending(Outcome.INTERRUPTED))).toEqual(["aborted", "the run ended before its plan on vm2"]);
  expect(verdictOf(ending(Outcome.INTERRUPTED), { lost: ["vm2"] })[0]).toBe("degraded");
  expect(verdictOf((record) => record, { aborted: "stopped by Ctrl-C" })).toEqual(["aborted", "stopped by Ctrl-C"]);
});

test("fio's exit code counts, except where fio was killed because the run was aborted", () => {
  const failing: Edit = (record) => {
    if (record.body.case === "final" && record.body.value.participant === "vm2.disk1") record.body.value.exitCode = 2;
    return record;
  };
  const run = syntheticRun(small);
  expect(conclude(run, failing).summary).toMatchObject({
    verdict: "invalid",
    reason: "fio failed on vm2.disk1 (exit code 2)",
  });
  const both: Edit = (record, agent) => ending(Outcome.ABORTED)(failing(record, agent)!, agent);
  expect(conclude(run, both, { aborted: "vm1 is gone" }).summary).toMatchObject({
    verdict: "aborted",
    reason: "vm1 is gone",
  });
});

test("a participant that did no I/O at all makes the run invalid", () => {
  const idle: Edit = (record) => {
    if (record.body.case === "fio" && record.body.value.participant === "vm1.disk2") {
      delete record.body.value.read;
      delete record.body.value.write;
    }
    return record;
  };
  expect(conclude(syntheticRun(small), idle).summary).toMatchObject({
    verdict: "invalid",
    reason: "no I/O of vm1.disk2 was measured",
  });
});

const stalledAt =
  (tick: number): Edit =>
  (record) => {
    if (record.body.case === "fio" && record.body.value.tick === tick) record.body.value.stalled = true;
    return record;
  };

test("a late answer in the midst of the window costs resolution and nothing else: it is a note", () => {
  const run = syntheticRun(small);
  const { summary, notes } = conclude(run, stalledAt(plannedSpan(run.spec).last - 1));
  expect(summary.verdict).toBe("complete");
  expect(notes).toContain("fio of vm1.disk1 was late to answer 1 tick: I/Os of those stand in the sample after them");
});

test("no answer at the last tick, clock bounds, jumps and missing proofs degrade the run", () => {
  const run = syntheticRun(small);
  const reasonOf = (edit: Edit, facts: Partial<RunFacts> = {}) => conclude(run, edit, facts).summary.reason;
  const asIs: Edit = (record) => record;
  const { last } = plannedSpan(run.spec);
  expect(reasonOf(stalledAt(last))).toBe(
    "fio did not answer at the last tick on vm1.disk1, vm1.disk2, vm2.disk1, vm2.disk2",
  );
  expect(conclude(run, stalledAt(last)).summary.window).toMatchObject({ firstTick: 2, lastTick: 6 });
  const wide = run.clockBefore.map((estimate) => ({ ...estimate, boundNs: 5_500_000n, rttNs: 11_000_000n }));
  expect(reasonOf(asIs, { clockBefore: wide.slice(1) })).toBe(
    "the clock of vm2 is known only to 5.5 ms because its round trip is 11.0 ms; the limit is 5 ms",
  );
  const jumped = run.clockAfter.map((estimate) => ({ ...estimate, offsetNs: estimate.offsetNs + 50_000_000n }));
  expect(reasonOf(asIs, { clockAfter: jumped })).toBe("the clock jumped on vm1, vm2");
  const unproven: Edit = (record) => {
    if (record.body.case === "start" && record.body.value.participant === "vm1.disk1")
      record.body = { case: "event", value: { ...warning } };
    return record;
  };
  expect(reasonOf(unproven)).toBe("the start of vm1.disk1 is not proven");
  expect(conclude(run, unproven).notes).toEqual(["vm1: no"]);
});

test("a generator that is busy on all its cores is a warning and no verdict", () => {
  const busy: Edit = (record) => {
    if (record.body.case === "cpu") for (const core of record.body.value.cores) core.idleMs = 0;
    return record;
  };
  const { summary } = conclude(syntheticRun(small), busy);
  expect(summary.verdict).toBe("complete");
  expect(summary.warnings).toContain(
    "vm1, vm2 were 100 % busy on all their cores: the load generator may be the bottleneck",
  );
});

test("a run that was never fired has no window, no totals and no start", () => {
  const armedOnly: Edit = (record) => (record.seq === 1 ? record : undefined);
  const facts = { t0: undefined, clockBefore: [], clockAfter: [], aborted: "vm2 did not arm" };
  const { summary } = conclude(syntheticRun(small), armedOnly, facts);
  expect(summary).toMatchObject({
    verdict: "aborted",
    reason: "vm2 did not arm",
    samples: { expected: 0, missing: 0 },
  });
  for (const absent of ["window", "totals", "startSpreadMs"]) expect(summary).not.toHaveProperty(absent);
});

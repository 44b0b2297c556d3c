import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, type Edit } from "./analysis.fixture.ts";

const away = [{ agent: "vm2", why: "refused connections", forgotten: false }];
const shape = { agents: 3, participantsPerAgent: 1, rampTicks: 0, ticks: 10 } as const;

/** Nothing of an agent from a tick on, as when it is killed. */
const dies =
  (who: string, afterTick: number): Edit =>
  (record, agent) => {
    if (agent !== who) return record;
    const { body } = record;
    const sampled = body.case === "fio" || body.case === "cpu" || body.case === "disk";
    return body.case === "event" || (sampled && body.value.tick <= afterTick) ? record : undefined;
  };

/** The others are stopped after a tick, and say so. */
const stopped =
  (who: readonly string[], afterTick: number): Edit =>
  (record, agent) => {
    const { body } = record;
    if (!who.includes(agent)) return record;
    if (body.case === "end") body.value.outcome = Outcome.ABORTED;
    const sampled = body.case === "fio" || body.case === "cpu" || body.case === "disk";
    return sampled && body.value.tick > afterTick ? undefined : record;
  };

/** What is left out has no place: records count on. */
function renumbered(edit: Edit): Edit {
  const seqs = new Map<string, number>();
  return (record, agent) => {
    const kept = edit(record, agent);
    if (kept) seqs.set(agent, (kept.seq = (seqs.get(agent) ?? 0) + 1));
    return kept;
  };
}

test("the totals of a run that was ended for a dead agent cover the longest window that the survivors share", () => {
  const edit: Edit = (record, agent) => {
    const left = dies("vm2", 3)(record, agent);
    return left && stopped(["vm1", "vm3"], 8)(left, agent);
  };
  const { summary, participants, notes } = conclude(syntheticRun(shape), renumbered(edit), {
    aborted: "vm2: the agent is lost",
  });
  expect(summary).toMatchObject({
    verdict: "aborted",
    reason: "vm2: the agent is lost",
    window: { firstTick: 0, lastTick: 8 },
  });
  expect(participants.map(({ lost }) => lost)).toEqual([false, true, false]);
  const survivors = participants.filter(({ lost }) => !lost).map(({ totals }) => totals?.iops ?? 0);
  expect(summary.totals?.iops).toBeCloseTo(survivors[0]! + survivors[1]!, 6);
  expect(notes).toContain(
    "vm2 was lost after tick 3; what it did until then is in its participants' figures, in no total",
  );
});

test("an agent that was out of reach and has all its ticks is in the totals, and the run is complete", () => {
  const { summary, participants, notes } = conclude(syntheticRun(shape), (record) => record, { lost: ["vm2"] });
  expect(summary).toMatchObject({ verdict: "complete", samples: { missing: 0 } });
  expect(participants.map(({ lost }) => lost)).toEqual([false, false, false]);
  expect(summary.totals).toEqual(conclude(syntheticRun(shape)).summary.totals);
  expect(notes).toEqual(["vm2 was out of reach in mid-run; all its ticks are here, so it is in the totals"]);
});

test("one that has all its ticks, and whose last words only it has, leaves the run incomplete, in the totals all the same", () => {
  const { summary, participants, notes } = conclude(syntheticRun(shape), renumbered(dies("vm2", 10)), {
    lost: ["vm2"],
    uncollected: away,
  });
  expect(summary).toMatchObject({
    verdict: "incomplete",
    reason: "vm2 may hold records that are not here: salvo resume asks again",
  });
  expect(participants.map(({ lost }) => lost)).toEqual([false, false, false]);
  expect(notes).toContain(
    "vm2 refused connections, so not all that it recorded is here: it holds the rest until salvo resume has it, or salvo discard gives it up",
  );
});

test("what a lost agent may still hold is missing: the count and the verdict say so, as the note does", () => {
  const { summary, notes } = conclude(syntheticRun(shape), renumbered(dies("vm2", 4)), {
    lost: ["vm2"],
    uncollected: away,
  });
  expect(summary).toMatchObject({
    verdict: "incomplete",
    reason: "vm2 may hold records that are not here: salvo resume asks again",
    // 6 ticks of fio, CPU and disk.
    samples: { missing: 18 },
  });
  expect(notes).toContain(
    "vm2 refused connections, so not all that it recorded is here: it holds the rest until salvo resume has it, or salvo discard gives it up",
  );
  // One that came back gave all it had.
  const collected = conclude(syntheticRun(shape), renumbered(dies("vm2", 4)), { lost: ["vm2"] }).summary;
  expect(collected).toMatchObject({ verdict: "degraded", samples: { missing: 0 } });
});

test("an agent that is back and has the run no more cannot be asked again, and nobody is told to", () => {
  const { summary, notes } = conclude(syntheticRun(shape), renumbered(dies("vm2", 4)), {
    lost: ["vm2"],
    uncollected: [{ agent: "vm2", why: "failed: it has no run", forgotten: true }],
  });
  expect(summary).toMatchObject({
    verdict: "incomplete",
    reason: "records of vm2 may be lost: the run is there no more",
  });
  expect(notes).toContain("vm2 failed: it has no run, so not all that it recorded is here, and it has the run no more");
  expect([...notes, ...summary.warnings].join()).not.toContain("salvo resume");
});

test("of an agent that could not be reached at the end, and of which all is here, nothing is said to be missing", () => {
  const { summary, notes } = conclude(syntheticRun(shape), (record) => record, { uncollected: away });
  expect(summary.verdict).toBe("complete");
  expect(notes).toEqual([
    "vm2 refused connections at the end; all its records are here, and its own copy can go: salvo agents --release synthetic-1",
  ]);
});

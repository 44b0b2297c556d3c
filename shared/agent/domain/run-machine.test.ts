import { create } from "@bufbuild/protobuf";
import { EventKindSchema, Outcome, OutcomeSchema } from "@salvo/proto/telemetry_pb.ts";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { toSalvoError } from "../../kernel/error.ts";
import { beginRun, type RunEffect, type RunEvent, type RunState, step } from "./run-machine.ts";
import type { RunPlan } from "./run-plan.ts";

const MS = 1_000_000n;
const PLAN: RunPlan = {
  run: "run-1",
  participants: [
    { id: "a", device: "disk1", deviceHash: "1" },
    { id: "b", device: "disk2", deviceHash: "2" },
  ],
  workload: create(WorkloadSchema, { jobs: 1 }),
  intervalMs: 100,
  ticks: 2,
  hash: "plan",
};

/** Events by a short name, so that histories read like sentences. */
const EVENTS = {
  prepared: { type: "prepared" },
  "parked a": { type: "parked", participant: "a" },
  "parked b": { type: "parked", participant: "b" },
  watched: { type: "watchers", count: 1 },
  unwatched: { type: "watchers", count: 0 },
  fire: { type: "fire", nonce: "one", planHash: "plan", t0Ns: 1_000n * MS, nowNs: 500n * MS },
  "fire again": { type: "fire", nonce: "one", planHash: "plan", t0Ns: 2_000n * MS, nowNs: 1_999n * MS },
  "fire otherwise": { type: "fire", nonce: "two", planHash: "plan", t0Ns: 1_000n * MS, nowNs: 500n * MS },
  "fire of another plan": { type: "fire", nonce: "one", planHash: "other", t0Ns: 1_000n * MS, nowNs: 500n * MS },
  "fire late": { type: "fire", nonce: "one", planHash: "plan", t0Ns: 1_000n * MS, nowNs: 901n * MS },
  "in time": { type: "due", lateMs: 250 },
  late: { type: "due", lateMs: 250.1 },
  "tick 1": { type: "tick", tick: 1 },
  "tick 2": { type: "tick", tick: 2 },
  "tick 3": { type: "tick", tick: 3 },
  "a ends": { type: "exited", participant: "a", problem: "" },
  "b ends": { type: "exited", participant: "b", problem: "" },
  "a fails": { type: "exited", participant: "a", problem: "broken" },
  "b fails": { type: "exited", participant: "b", problem: "too" },
  abort: { type: "abort", reason: "asked" },
  "watch due": { type: "watch-due" },
  overdue: { type: "overdue" },
} as const satisfies Record<string, RunEvent>;

type Name = keyof typeof EVENTS;

const PHASES = {
  arming: ["prepared"],
  parked: ["parked a", "parked b"],
  armed: ["prepared", "parked a", "parked b"],
  watched: ["parked a", "watched", "parked b", "prepared"],
  committed: ["prepared", "parked a", "watched", "parked b", "fire"],
  running: ["prepared", "parked a", "watched", "parked b", "fire", "in time"],
  ending: ["prepared", "parked a", "watched", "parked b", "fire", "in time", "tick 1", "tick 2"],
  killed: ["prepared", "parked a", "watched", "parked b", "fire", "in time", "abort"],
  "half gone": ["prepared", "parked a", "watched", "parked b", "fire", "in time", "a fails"],
  ended: ["prepared", "parked a", "watched", "parked b", "fire", "in time", "tick 1", "tick 2", "a ends", "b ends"],
} as const satisfies Record<string, readonly Name[]>;

function after(names: readonly Name[]): RunState {
  return names.reduce((state, name) => step(state, EVENTS[name]).state, beginRun(PLAN));
}

function said(effect: RunEffect): string {
  if (effect.type === "note") return EventKindSchema.value[effect.kind]!.localName.toLowerCase();
  if (effect.type === "end") return `end ${OutcomeSchema.value[effect.outcome]!.localName.toLowerCase()}`;
  return effect.type === "sample" ? `sample ${effect.tick}` : effect.type;
}

/** The phase that follows and what is to be done; "-" when nothing changes, or the kind of what is thrown. */
function outcome(phase: keyof typeof PHASES, name: Name): string {
  const state = after(PHASES[phase]);
  try {
    const next = step(state, EVENTS[name]);
    if (next.state === state && next.effects.length === 0) return "-";
    return [next.state.phase, ...next.effects.map(said)].join(", ");
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    return kind === "internal" ? message : kind;
  }
}

const KILLED = "ending, aborted, kill";

/** What is not listed for a phase changes nothing. */
const TABLE: Record<keyof typeof PHASES, Partial<Record<Name, string>>> = {
  arming: {
    "fire of another plan": "refused",
    "parked a": "arming",
    "parked b": "arming",
    watched: "arming",
    unwatched: "arming",
    fire: "wrong-state",
    "fire again": "wrong-state",
    "fire otherwise": "wrong-state",
    "fire late": "wrong-state",
    "a ends": "ending, exited, aborted, kill",
    "b ends": "ending, exited, aborted, kill",
    "a fails": "ending, exited, aborted, kill",
    "b fails": "ending, exited, aborted, kill",
    abort: KILLED,
    overdue: KILLED,
  },
  parked: {
    "fire of another plan": "refused",
    prepared: "armed, armed, await-watcher",
    "parked a": "arming",
    "parked b": "arming",
    watched: "arming",
    unwatched: "arming",
    fire: "wrong-state",
    "fire again": "wrong-state",
    "fire otherwise": "wrong-state",
    "fire late": "wrong-state",
    "a ends": "ending, exited, aborted, kill",
    "b ends": "ending, exited, aborted, kill",
    "a fails": "ending, exited, aborted, kill",
    "b fails": "ending, exited, aborted, kill",
    abort: KILLED,
    overdue: KILLED,
  },
  armed: {
    "fire of another plan": "refused",
    "watch due": KILLED,
    "parked a": "armed",
    "parked b": "armed",
    watched: "armed",
    unwatched: KILLED,
    fire: "refused",
    "fire again": "refused",
    "fire otherwise": "refused",
    "fire late": "refused",
    "a ends": "ending, exited, aborted, kill",
    "b ends": "ending, exited, aborted, kill",
    "a fails": "ending, exited, aborted, kill",
    "b fails": "ending, exited, aborted, kill",
    abort: KILLED,
    overdue: KILLED,
  },
  watched: {
    "fire of another plan": "refused",
    "parked a": "armed",
    "parked b": "armed",
    watched: "armed",
    unwatched: KILLED,
    fire: "committed, fired, make-durable, wait-for-t0",
    "fire again": "refused",
    "fire otherwise": "committed, fired, make-durable, wait-for-t0",
    "fire late": "refused",
    "a ends": "ending, exited, aborted, kill",
    "b ends": "ending, exited, aborted, kill",
    "a fails": "ending, exited, aborted, kill",
    "b fails": "ending, exited, aborted, kill",
    abort: KILLED,
    overdue: KILLED,
  },
  committed: {
    "fire of another plan": "refused",
    "parked a": "committed",
    "parked b": "committed",
    watched: "committed",
    unwatched: KILLED,
    "fire otherwise": "wrong-state",
    "in time": "running, open-gates, released",
    late: KILLED,
    "a ends": "ending, exited, aborted, kill",
    "b ends": "ending, exited, aborted, kill",
    "a fails": "ending, exited, aborted, kill",
    "b fails": "ending, exited, aborted, kill",
    abort: KILLED,
    overdue: KILLED,
  },
  running: {
    "fire of another plan": "refused",
    "parked a": "running",
    "parked b": "running",
    watched: "running",
    unwatched: "running",
    "fire otherwise": "wrong-state",
    "tick 1": "running, sample 1",
    "tick 2": "ending, sample 2, prove-start",
    "a ends": "running, exited",
    "b ends": "running, exited",
    "a fails": "running, exited",
    "b fails": "running, exited",
    abort: KILLED,
    overdue: KILLED,
  },
  ending: {
    "fire of another plan": "refused",
    "parked a": "ending",
    "parked b": "ending",
    watched: "ending",
    unwatched: "ending",
    "fire otherwise": "wrong-state",
    "a ends": "ending, exited",
    "b ends": "ending, exited",
    "a fails": "ending, exited",
    "b fails": "ending, exited",
    abort: KILLED,
    overdue: KILLED,
  },
  killed: {
    "fire of another plan": "refused",
    "parked a": "ending",
    "parked b": "ending",
    watched: "ending",
    unwatched: "ending",
    "fire otherwise": "wrong-state",
    "a ends": "ending, exited",
    "b ends": "ending, exited",
    "a fails": "ending, exited",
    "b fails": "ending, exited",
  },
  "half gone": {
    "fire of another plan": "refused",
    "parked a": "running",
    "parked b": "running",
    watched: "running",
    unwatched: "running",
    "fire otherwise": "wrong-state",
    "tick 1": "running, sample 1",
    "tick 2": "ending, sample 2, prove-start",
    "a ends": "running, exited",
    "a fails": "running, exited",
    "b ends": "ended, exited, end failed",
    "b fails": "ended, exited, end failed",
    abort: KILLED,
    overdue: KILLED,
  },
  ended: {
    "fire of another plan": "wrong-state",
    fire: "wrong-state",
    "fire again": "wrong-state",
    "fire otherwise": "wrong-state",
    "fire late": "wrong-state",
  },
};

for (const phase of Object.keys(TABLE) as (keyof typeof PHASES)[]) {
  test(`every event finds an answer when the run is ${phase}`, () => {
    const names = Object.keys(EVENTS) as Name[];
    const found = Object.fromEntries(names.map((name) => [name, outcome(phase, name)]));
    expect(found).toEqual(Object.fromEntries(names.map((name) => [name, TABLE[phase][name] ?? "-"])));
  });
}

test("the first reason is kept, whatever comes after it", () => {
  const failedThenAborted = after([...PHASES["half gone"], "abort", "b fails"]);
  expect(failedThenAborted).toMatchObject({ phase: "ended", outcome: Outcome.FAILED, reason: "a: broken" });
  const abortedThenFailed = after([...PHASES.killed, "a fails", "overdue", "b fails"]);
  expect(abortedThenFailed).toMatchObject({ phase: "ended", outcome: Outcome.ABORTED, reason: "asked" });
});

test("jobs that park after an abort do not make an armed run of it", () => {
  expect(after(["prepared", "parked a", "abort", "parked b"])).toMatchObject({ phase: "ending", reason: "asked" });
});

test("a participant parks with all of its jobs", () => {
  const plan = { ...PLAN, workload: create(WorkloadSchema, { jobs: 2 }) };
  const phases: string[] = [];
  let state = step(beginRun(plan), EVENTS.prepared).state;
  for (const name of ["parked a", "parked b", "parked a", "parked b"] as const) {
    state = step(state, EVENTS[name]).state;
    phases.push(state.phase);
  }
  expect(phases).toEqual(["arming", "arming", "arming", "armed"]);
});

test("a run whose participants are gone has not ended while arming still goes on", () => {
  const gone = after(["parked a", "abort", "a ends", "b ends"]);
  expect(gone.phase).toBe("ending");
  expect(step(gone, EVENTS.prepared)).toMatchObject({
    state: { phase: "ended", outcome: Outcome.ABORTED, reason: "asked" },
    effects: [{ type: "end", outcome: Outcome.ABORTED, reason: "asked" }],
  });
});

/** What an observer does, phase by phase, of the same events. */
function observed(names: readonly Name[]): string[] {
  let state = beginRun({ ...PLAN, participants: [] });
  return names.map((name) => {
    const next = step(state, EVENTS[name]);
    state = next.state;
    return [state.phase, ...next.effects.map(said)].join(", ");
  });
}

test("an observer is armed as soon as it is prepared, samples at every tick, and ends with the last one", () => {
  expect(observed(["prepared", "watched", "fire", "in time", "tick 1", "tick 2", "tick 3"])).toEqual([
    "armed, armed, await-watcher",
    "armed",
    "committed, fired, make-durable, wait-for-t0",
    "running, open-gates, released",
    "running, sample 1",
    "ended, sample 2, end finished",
    "ended",
  ]);
});

test("an observer that is aborted ends at once, but not before its arming is over", () => {
  expect(observed(["prepared", "abort"])).toEqual(["armed, armed, await-watcher", "ended, aborted, kill, end aborted"]);
  expect(observed(["abort", "prepared"])).toEqual(["ending, aborted, kill", "ended, end aborted"]);
  expect(observed(["prepared", "watched", "unwatched"]).at(-1)).toBe("ended, aborted, kill, end aborted");
  expect(observed(["prepared", "watched", "fire", "late"]).at(-1)).toBe("ended, aborted, kill, end failed");
  expect(observed(["prepared", "watched", "fire", "in time", "tick 1", "overdue"]).at(-1)).toBe(
    "ended, aborted, kill, end failed",
  );
});

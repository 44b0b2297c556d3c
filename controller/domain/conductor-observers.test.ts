import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import type { ProbedClock } from "@salvo/shared/clock/estimate.ts";
import { expect, test } from "vitest";
import type { ConductorState } from "./conductor-state.ts";
import { conduct, step } from "./conductor.ts";
import type { ConductorEffect, ConductorEvent } from "./conductor-events.ts";
import type { Ask, Phase } from "./phases.ts";

type Policy = "degrade" | "note";
const POLICIES = ["degrade", "note"] as const;
const T0 = 1_000n;
const CLOCK: ProbedClock = { offsetNs: 0n, boundNs: 1n, rttNs: 1n, slowestNs: 1n, atNs: 0n, pings: 64 };

interface Course {
  readonly state: ConductorState;
  readonly effects: readonly ConductorEffect[];
}

/** One participant, and the agent `target` that observes. */
function begin(observer: Policy): Course {
  const agents = [
    { id: "guest", onLoss: "abort" },
    { id: "target", onLoss: "abort", observer },
  ] as const;
  return tell({ state: conduct({ lengthMs: 4_000, collectMaxMs: 60_000, agents }), effects: [] }, { type: "begin" });
}

type Unstamped<T> = T extends unknown ? Omit<T, "atNs"> : never;

function tell({ state }: Course, event: Unstamped<ConductorEvent>, atNs = 0n): Course {
  return step(state, { ...event, atNs });
}

const ASKED = [
  ["preflight", "describe"],
  ["arming", "arm"],
  ["clock", "clock"],
  ["firing", "fire"],
] as const satisfies readonly (readonly [Phase, Ask])[];

function did(course: Course, what: Ask, agent: string): Course {
  return what === "clock"
    ? tell(course, { type: "clock", agent, estimate: CLOCK })
    : tell(course, { type: "did", what, agent });
}

/** As far as the phase, where the guest has done its part and the observer has not. */
function upTo(phase: Phase, observer: Policy): Course {
  let course = begin(observer);
  for (const [each, what] of ASKED) {
    if (each === "firing") course = tell(course, { type: "t0", t0Ns: T0 });
    course = did(course, what, "guest");
    if (each === phase) return course;
    course = did(course, what, "target");
  }
  return course;
}

const running = (observer: Policy) => upTo("running", observer);

test.each(ASKED)("in %s a failed %s of an observer aborts under degrade", (phase, what) => {
  const { state } = tell(upTo(phase, "degrade"), { type: "failed", what, agent: "target", reason: "no" });
  expect(state.aborted).toBe("target: no");
});

test.each(ASKED)(
  "in %s a failed %s of an observer is no matter under note: the run goes on without it",
  (phase, what) => {
    const { state, effects } = tell(upTo(phase, "note"), { type: "failed", what, agent: "target", reason: "no" });
    const next = { preflight: "arming", arming: "clock", clock: "firing", firing: "running" }[phase];
    expect(state).toMatchObject({ phase: next, aborted: undefined });
    expect(state.agents.get("target")?.lost).toBe("no");
    expect(effects.filter((effect) => "agent" in effect && effect.agent === "target")).toEqual([]);
  },
);

test("an observer that says late that it is armed is not watched, and so disarms by itself", () => {
  const lost = tell(upTo("arming", "note"), { type: "failed", what: "arm", agent: "target", reason: "no" });
  expect(tell(lost, { type: "did", what: "arm", agent: "target" }).effects).toEqual([]);
});

test.each(POLICIES)("under %s an observer that is late to acknowledge T0 is judged as one that failed", (policy) => {
  const { state } = tell(upTo("firing", policy), { type: "timer", name: "ack" });
  if (policy === "note") expect(state).toMatchObject({ phase: "running", aborted: undefined });
  else expect(state).toMatchObject({ phase: "aborting", aborted: "target did not acknowledge T0 in time" });
});

test.each(POLICIES)("under %s a lost observer never ends a run after T0, and before T0 by its policy", (policy) => {
  const lost = { type: "lost", agent: "target", reason: "silent" } as const;
  const after = tell(running(policy), lost, T0).state;
  expect(after).toMatchObject({ phase: "running", aborted: undefined });
  expect(after.agents.get("target")?.lost).toBe("silent");
  expect(tell(running(policy), lost, T0 - 1n).state.phase).toBe(policy === "note" ? "running" : "aborting");
});

test.each([Outcome.ABORTED, Outcome.FAILED, Outcome.INTERRUPTED])(
  "an observer that ends with outcome %s in mid-run is lost, and the participants go on to their end",
  (outcome) => {
    const ended = { type: "ended", agent: "target", outcome, reason: "its disk is full", started: true } as const;
    const without = tell(running("degrade"), ended, T0 + 5n);
    expect(without.state).toMatchObject({ phase: "running", aborted: undefined });
    expect(without.state.agents.get("target")?.lost).toBe("its disk is full");
    const guest = { type: "ended", agent: "guest", outcome: Outcome.FINISHED, reason: "", started: true } as const;
    expect(tell(without, guest, T0 + 9n).state.phase).toBe("clock-again");
  },
);

test("an observer that does not end is given up, and told to stop when its records are collected", () => {
  const guest = { type: "ended", agent: "guest", outcome: Outcome.FINISHED, reason: "", started: true } as const;
  const waiting = tell(running("degrade"), guest, T0 + 5n);
  expect(waiting.state.phase).toBe("running");
  const overdue = tell(waiting, { type: "timer", name: "overdue" }, T0 + 9n);
  expect(overdue.state).toMatchObject({ phase: "clock-again", aborted: undefined });
  const collecting = tell(overdue, { type: "clock", agent: "guest", estimate: CLOCK }, T0 + 9n);
  expect(collecting.effects).toContainEqual({
    type: "ask",
    what: "collect",
    agent: "target",
    reason: "it did not end at the planned end",
  });
  expect(collecting.effects).toContainEqual({ type: "ask", what: "collect", agent: "guest" });
});

test("a participant that does not end aborts the run, and the reason names no observer that is late as well", () => {
  const { state } = tell(running("note"), { type: "timer", name: "overdue" }, T0 + 9n);
  expect(state.aborted).toBe("guest did not end at the planned end");
});

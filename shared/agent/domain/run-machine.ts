/**
 * The life of one run on one agent, decided purely: what happened goes in, what is to be done comes out.
 * shared/agent/run/run.ts performs the effects; the simulation in controller/domain drives the same function with faults.
 */
import { EventKind, Outcome } from "@salvo/proto/telemetry_pb.ts";
import { unreachable } from "../../kernel/assert.ts";
import { SalvoError } from "../../kernel/error.ts";
import { msToNs, type Nanos } from "../../kernel/time.ts";
import { planRefused } from "./plan-hash.ts";
import { FIRE_NOTICE_MS, GATES_LATE_MS_MAX, observes, type RunPlan } from "./run-plan.ts";

export type Phase = "arming" | "armed" | "committed" | "running" | "ending" | "ended";

export interface RunState {
  readonly plan: RunPlan;
  readonly phase: Phase;
  /** All that arming has to do was done, or given up. */
  readonly prepared: boolean;
  /** Jobs that wait at the gate, per participant. */
  readonly parked: ReadonlyMap<string, number>;
  /** Participants whose fio has ended. */
  readonly exited: ReadonlySet<string>;
  /** Open Watch calls: until T0 the run lives only as long as somebody watches. */
  readonly watchers: number;
  readonly nonce: string | undefined;
  readonly t0Ns: Nanos | undefined;
  /** The gates were opened. */
  readonly started: boolean;
  readonly tick: number;
  /** Its fio processes were told to end at once. */
  readonly killed: boolean;
  /** Decided once; the first reason is kept. */
  readonly outcome: Outcome;
  readonly reason: string;
}

export type RunEvent =
  /** All that arming has to do was done, or given up: nothing of it comes later. Jobs may still be on their way to the gate. */
  | { readonly type: "prepared" }
  | { readonly type: "parked"; readonly participant: string }
  /** fio ended. problem is empty when it did what it was asked to. */
  | { readonly type: "exited"; readonly participant: string; readonly problem: string }
  | { readonly type: "watchers"; readonly count: number }
  /** So long after arming somebody should be watching. */
  | { readonly type: "watch-due" }
  /** Throws `wrong-state` or `refused`. A repeated Fire with the same nonce changes nothing. */
  | {
      readonly type: "fire";
      readonly nonce: string;
      readonly planHash: string;
      readonly t0Ns: Nanos;
      readonly nowNs: Nanos;
    }
  /** It is time to open the gates, and lateMs past it. */
  | { readonly type: "due"; readonly lateMs: number }
  | { readonly type: "tick"; readonly tick: number }
  | { readonly type: "abort"; readonly reason: string }
  /** The run should have ended long ago. */
  | { readonly type: "overdue" };

export type RunEffect =
  /** To the journal. */
  | { readonly type: "note"; readonly kind: EventKind; readonly participant: string; readonly text: string }
  /** The journal is on disk before the next effect begins. */
  | { readonly type: "make-durable" }
  /** Tell `watch-due` in WATCH_DUE_MS. */
  | { readonly type: "await-watcher" }
  /** Tell `due` at T0, less the gate's lead. */
  | { readonly type: "wait-for-t0"; readonly t0Ns: Nanos }
  | { readonly type: "open-gates" }
  | { readonly type: "sample"; readonly tick: number }
  | { readonly type: "prove-start" }
  | { readonly type: "kill" }
  /** RunEnd to the journal: nothing comes after it. */
  | { readonly type: "end"; readonly outcome: Outcome; readonly reason: string };

/** A controller watches a run as soon as it knows that it is armed; one that died in between never will. */
export const WATCH_DUE_MS = 5_000;

export interface Step {
  readonly state: RunState;
  readonly effects: readonly RunEffect[];
}

export function beginRun(plan: RunPlan): RunState {
  return {
    plan,
    phase: "arming",
    prepared: false,
    parked: new Map(),
    exited: new Set(),
    watchers: 0,
    nonce: undefined,
    t0Ns: undefined,
    started: false,
    tick: 0,
    killed: false,
    outcome: Outcome.UNSPECIFIED,
    reason: "",
  };
}

export function step(state: RunState, event: RunEvent): Step {
  if (state.phase === "ended") return event.type === "fire" ? refuseFire(state) : stay(state);
  switch (event.type) {
    case "prepared":
      return onPrepared(state);
    case "parked":
      return onParked(state, event.participant);
    case "exited":
      return onExited(state, event.participant, event.problem);
    case "watchers":
      return onWatchers(state, event.count);
    case "watch-due":
      return state.phase === "armed" && state.watchers === 0 ? onWatchers(state, 0) : stay(state);
    case "fire":
      return onFire(state, event);
    case "due":
      return onDue(state, event.lateMs);
    case "tick":
      return onTick(state, event.tick);
    case "abort":
      return abort(state, Outcome.ABORTED, event.reason);
    case "overdue":
      return abort(state, Outcome.FAILED, overdueReason(state.plan));
    default:
      return unreachable(event);
  }
}

/** A busy host wakes late by milliseconds. More is no start together with the others, and nobody is started at all. */
function onDue(state: RunState, lateMs: number): Step {
  if (state.phase !== "committed" || state.outcome !== Outcome.UNSPECIFIED) return stay(state);
  if (lateMs <= GATES_LATE_MS_MAX) {
    const effects: RunEffect[] = [{ type: "open-gates" }, note(EventKind.RELEASED, "")];
    return { state: { ...state, phase: "running", started: true }, effects };
  }
  const why = `its gates would have opened ${Math.ceil(lateMs)} ms after T0: the host or its disk was too busy`;
  return abort(state, Outcome.FAILED, why);
}

function onPrepared(state: RunState): Step {
  if (state.prepared) return stay(state);
  const next = { ...state, prepared: true };
  return state.phase === "arming" ? armWhenReady(next) : endWhenOver(next, []);
}

function onParked(state: RunState, participant: string): Step {
  const parked = new Map(state.parked).set(participant, (state.parked.get(participant) ?? 0) + 1);
  const next = { ...state, parked };
  return state.phase === "arming" ? armWhenReady(next) : stay(next);
}

/** An observer has nobody to wait for. */
function armWhenReady(state: RunState): Step {
  const all = state.plan.participants.every(({ id }) => state.parked.get(id) === state.plan.workload.jobs);
  if (!state.prepared || !all) return stay(state);
  return { state: { ...state, phase: "armed" }, effects: [note(EventKind.ARMED, ""), { type: "await-watcher" }] };
}

function onExited(state: RunState, participant: string, problem: string): Step {
  const exited = new Set(state.exited).add(participant);
  const effects: RunEffect[] = [{ type: "note", kind: EventKind.EXITED, participant, text: problem }];
  let next: RunState = { ...state, exited };

  if (state.outcome === Outcome.UNSPECIFIED && (problem || state.phase !== "ending")) {
    const reason = `${participant}: ${problem || "fio ended before its planned end"}`;
    if (state.phase === "running" || state.phase === "ending") {
      // The agent's other participants go on: whether the run does is the controller's to decide.
      next = { ...next, outcome: Outcome.FAILED, reason };
    } else {
      const killed = kill(next, Outcome.FAILED, reason);
      next = killed.state;
      effects.push(...killed.effects);
    }
  }
  return endWhenOver(next, effects);
}

function onWatchers(state: RunState, count: number): Step {
  const next = { ...state, watchers: count };
  return count === 0 && (state.phase === "armed" || state.phase === "committed")
    ? abort(next, Outcome.ABORTED, "the controller went away before T0")
    : stay(next);
}

function onFire(state: RunState, { nonce, planHash, t0Ns, nowNs }: RunEvent & { type: "fire" }): Step {
  if (planHash !== state.plan.hash)
    throw planRefused(`run ${state.plan.run} was armed with another plan than the one that it is to start`);
  if (state.nonce === nonce) return stay(state);
  if (state.phase !== "armed" || state.nonce !== undefined || state.outcome !== Outcome.UNSPECIFIED)
    return refuseFire(state);
  if (state.watchers === 0) {
    throw new SalvoError("refused", `run ${state.plan.run} is not watched, and would start without a controller`);
  }
  if (t0Ns - nowNs < msToNs(FIRE_NOTICE_MS)) {
    throw new SalvoError("refused", `T0 of run ${state.plan.run} is only ${Number(t0Ns - nowNs) / 1e6} ms away`, {
      remedy: `An agent needs ${FIRE_NOTICE_MS} ms of notice.`,
    });
  }
  return {
    state: { ...state, phase: "committed", nonce, t0Ns },
    effects: [note(EventKind.FIRED, nonce), { type: "make-durable" }, { type: "wait-for-t0", t0Ns }],
  };
}

function refuseFire(state: RunState): Step {
  const why = state.nonce === undefined ? `is ${state.phase}` : "was fired before";
  throw new SalvoError("wrong-state", `run ${state.plan.run} ${why}${state.reason && `: ${state.reason}`}`);
}

function onTick(state: RunState, tick: number): Step {
  if (state.phase !== "running" || tick <= state.tick || tick > state.plan.ticks) return stay(state);
  const effects: RunEffect[] = [{ type: "sample", tick }];
  if (tick < state.plan.ticks) return { state: { ...state, tick }, effects };
  const next: RunState = { ...state, tick, phase: "ending" };
  // There is no fio whose start would have to be proven, nor whose end would have to be waited for.
  if (observes(state.plan)) return endWhenOver(next, effects);
  effects.push({ type: "prove-start" });
  return { state: next, effects };
}

/** The run has ended when arming is over and the last of its fio processes is gone. */
function abort(state: RunState, outcome: Outcome, reason: string): Step {
  const killed = kill(state, outcome, reason);
  return endWhenOver(killed.state, killed.effects);
}

/** Ends all fio processes. A participant that has failed before is still why the run did. */
function kill(state: RunState, outcome: Outcome, reason: string): Step {
  if (state.killed) return stay(state);
  const decided = state.outcome !== Outcome.UNSPECIFIED;
  return {
    state: { ...state, phase: "ending", killed: true, ...(!decided && { outcome, reason }) },
    effects: [note(EventKind.ABORTED, reason), { type: "kill" }],
  };
}

function endWhenOver(state: RunState, effects: readonly RunEffect[]): Step {
  if (!isOver(state)) return { state, effects };
  const outcome = state.outcome === Outcome.UNSPECIFIED ? Outcome.FINISHED : state.outcome;
  return {
    state: { ...state, phase: "ended", outcome },
    effects: [...effects, { type: "end", outcome, reason: state.reason }],
  };
}

function isOver({ plan, prepared, exited, killed, tick }: RunState): boolean {
  if (!prepared) return false;
  return observes(plan) ? killed || tick === plan.ticks : exited.size === plan.participants.length;
}

function overdueReason(plan: RunPlan): string {
  return observes(plan) ? "its ticks did not come to their end" : "fio did not end at its planned end";
}

function note(kind: EventKind, text: string): RunEffect {
  return { type: "note", kind, participant: "", text };
}

function stay(state: RunState): Step {
  return { state, effects: [] };
}

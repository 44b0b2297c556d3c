/**
 * The course of one run, decided purely: what happened goes in, what is to be done comes out. Every event is written down
 * before its effects are performed (controller/service/run-log.ts), so a controller that was killed replays the events,
 * adds `resumed`, and goes on.
 */
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { msToNs, type Nanos } from "@salvo/shared/kernel/time.ts";
import { type AgentState, FRESH } from "./agent-state.ts";
import { collectingEndsNs, givenUp, hasNews, hearing, sealedNow } from "./collecting.ts";
import type { ConductorEffect, ConductorEvent, Step } from "./conductor-events.ts";
import type { ConductorPlan, ConductorState } from "./conductor-state.ts";
import { mayLose, type PlannedAgent } from "./losses.ts";
import { askedIn, isBeforeItsEnd, NEXT, type Phase } from "./phases.ts";
import { ACK_MARGIN_MS } from "./t0.ts";
import { ofAgent } from "./of-agent.ts";

/** How long the agents may take to say that they stopped. */
export const ABORT_WAIT_MS = 2_000;
/** How long after its planned end a run may go on before the controller ends it. */
export const OVERDUE_MS = 20_000;

/** How long the second look at the clocks may take; an agent that cannot be asked is read by the first alone. */
export const CLOCK_AGAIN_WAIT_MS = 15_000;

export function conduct(plan: ConductorPlan): ConductorState {
  return {
    plan,
    phase: "preflight",
    agents: new Map(plan.agents.map(({ id }) => [id, FRESH])),
    t0Ns: undefined,
    aborted: undefined,
    rebooted: false,
    collectingNs: undefined,
    seals: 0,
  };
}

export function step(state: ConductorState, event: ConductorEvent): Step {
  switch (event.type) {
    case "begin":
      return enter(state, "preflight", event.atNs);
    case "did":
      return event.what === askedIn(state.phase) ? onDid(state, event) : stay(state);
    case "failed":
      return onFailed(state, event);
    case "clock": {
      if (state.phase !== "clock" && state.phase !== "clock-again") return stay(state);
      const { agent, estimate } = event;
      const known = changed(state, agent, state.phase === "clock" ? { clock: estimate } : { clockAfter: estimate });
      return onDone(known, agent, event.atNs);
    }
    case "t0":
      return onT0(state, event);
    case "started":
      return stay(changed(state, event.agent, { started: true }));
    case "ended":
      return onEnded(state, event);
    case "trouble":
      return onTrouble(state, event);
    case "lost":
      return onLost(state, event);
    case "abort":
      return abort(state, event.reason, event.atNs);
    case "timer":
      return onTimer(state, event);
    case "sealed":
      return state.phase === "sealing" ? enter(sealedNow(state), "releasing", event.atNs) : stay(state);
    case "heard":
    case "whole":
      return stay(hearing(state, event));
    case "refused":
      return advance({ state: hearing(state, event), effects: [] }, event.atNs);
    case "again":
      return state.phase === "done" ? enter(state, "collecting", event.atNs) : stay(state);
    case "resumed":
      return onResumed(state, event);
    default:
      return unreachable(event);
  }
}

function enter(state: ConductorState, phase: Phase, atNs: Nanos): Step {
  const agents = new Map(
    [...state.agents].map(([id, agent]) => [
      id,
      { ...agent, done: phase === "running" && agent.end !== undefined, heard: undefined },
    ]),
  );
  let next: ConductorState = { ...state, phase, agents, ...(phase === "collecting" && { collectingNs: atNs }) };
  const effects: ConductorEffect[] = [];

  if (phase === "firing") {
    effects.push({ type: "choose-t0", rttsNs: [...next.agents.values()].map(({ clock }) => clock?.slowestNs ?? 0n) });
    return { state: next, effects };
  }
  if (phase === "running" && next.t0Ns !== undefined) {
    effects.push({ type: "timer", name: "overdue", atNs: next.t0Ns + msToNs(state.plan.lengthMs + OVERDUE_MS) });
  }
  if (phase === "aborting") effects.push({ type: "timer", name: "abort", atNs: atNs + msToNs(ABORT_WAIT_MS) });
  if (phase === "clock-again")
    effects.push({ type: "timer", name: "clock-again", atNs: atNs + msToNs(CLOCK_AGAIN_WAIT_MS) });
  if (phase === "sealing") effects.push({ type: "seal" });
  if (phase === "done") effects.push({ type: "done" });

  const asked = askedIn(phase);
  for (const id of concerned(next)) {
    if (asked === "arm") {
      next = changed(next, id, { armed: true });
      effects.push({ type: "ask", what: "arm", agent: id });
    } else if (asked && asked !== "fire") {
      const reason = asked === "abort" || asked === "collect" ? whyToStop(next, id) : undefined;
      effects.push({ type: "ask", what: asked, agent: id, ...(reason !== undefined && { reason }) });
    }
  }
  return advance({ state: next, effects }, atNs);
}

/** An observer that the run goes on without may still hold its run. */
function whyToStop(state: ConductorState, id: string): string | undefined {
  return state.aborted ?? (isObserver(state, id) ? state.agents.get(id)?.lost : undefined);
}

/** T0 is on the disk before any agent hears of it: a controller that dies now knows what may have started. */
function onT0(state: ConductorState, { t0Ns }: ConductorEvent & { type: "t0" }): Step {
  if (state.phase !== "firing" || state.t0Ns !== undefined) return stay(state);
  const asks = concerned(state).map((agent) => ({ type: "ask", what: "fire", agent, t0Ns }) as const);
  return {
    state: { ...state, t0Ns },
    effects: [{ type: "timer", name: "ack", atNs: t0Ns - msToNs(ACK_MARGIN_MS) }, ...asks],
  };
}

/** The agents that the present phase waits for. */
function concerned(state: ConductorState): string[] {
  return [...state.agents].filter(([, agent]) => isConcerned(state, agent)).map(([id]) => id);
}

function isConcerned({ phase, rebooted }: ConductorState, agent: AgentState): boolean {
  switch (phase) {
    case "preflight":
    case "arming":
    case "clock":
    case "firing":
    case "running":
      return agent.lost === undefined;
    case "aborting":
      return agent.armed && agent.end === undefined;
    case "clock-again":
      return agent.armed && agent.lost === undefined && agent.clock !== undefined && !rebooted;
    // A lost agent may be back, and what it measured is in its journal.
    case "collecting":
      return agent.armed && !agent.collected && agent.uncollected?.forgotten !== true;
    case "releasing":
      return agent.collected && !agent.released;
    case "sealing":
    case "done":
      return false;
    default:
      return unreachable(phase);
  }
}

function advance({ state, effects }: Step, atNs: Nanos): Step {
  const waiting = concerned(state).some((id) => !state.agents.get(id)?.done);
  if (state.phase === "done" || state.phase === "sealing" || (waiting && state.phase !== "collecting"))
    return { state, effects };
  const then = state.phase === "collecting" ? lookAtCollecting(state, atNs) : enter(state, NEXT[state.phase], atNs);
  return { state: then.state, effects: [...effects, ...then.effects] };
}

/** Collecting goes on while any agent may still be waited for; then all that are left are given up together. */
function lookAtCollecting(state: ConductorState, atNs: Nanos): Step {
  const endsNs = collectingEndsNs(state);
  if (endsNs !== undefined && endsNs > atNs)
    return { state, effects: [{ type: "timer", name: "collect", atNs: endsNs }] };
  const next = givenUp(state);
  // Without news there may still be agents that could not be told to forget what was collected before.
  return enter(next, hasNews(next) ? "sealing" : "releasing", atNs);
}

/** From the moment it is armed an agent lives by being watched: a controller that dies lets nothing start. */
function onDid(state: ConductorState, { what, agent, atNs }: ConductorEvent & { type: "did" }): Step {
  // Unwatched it disarms by itself.
  if (what === "arm" && state.agents.get(agent)?.lost !== undefined) return stay(state);
  const changes: Partial<AgentState> = what === "collect" ? { collected: true, uncollected: undefined } : {};
  const done = onDone(changed(state, agent, what === "release" ? { released: true } : changes), agent, atNs);
  return what === "arm" ? { state: done.state, effects: [{ type: "watch", agent }, ...done.effects] } : done;
}

function onDone(state: ConductorState, agent: string, atNs: Nanos): Step {
  return advance({ state: changed(state, agent, { done: true }), effects: [] }, atNs);
}

function onFailed(state: ConductorState, event: ConductorEvent & { type: "failed" }): Step {
  if (event.what !== askedIn(state.phase)) return stay(state);
  switch (state.phase) {
    case "preflight":
    case "arming":
    case "clock":
    case "firing":
      return mayGoOn(state, event)
        ? goOnWithout(state, event)
        : abort(state, ofAgent(event.agent, event.reason), event.atNs);
    // What cannot be had any more is missing, and completeness will say so.
    case "collecting":
      return onDone(
        changed(state, event.agent, {
          uncollected: { why: `failed: ${event.reason}`, forgotten: event.forgotten === true },
        }),
        event.agent,
        event.atNs,
      );
    case "aborting":
    case "clock-again":
    case "releasing":
      return onDone(state, event.agent, event.atNs);
    case "running":
    case "sealing":
    case "done":
      return stay(state);
    default:
      return unreachable(state.phase);
  }
}

function onEnded(state: ConductorState, event: ConductorEvent & { type: "ended" }): Step {
  if (state.agents.get(event.agent)?.end) return stay(state);
  const { agent, outcome, reason, started } = event;
  const next = changed(state, agent, { started, end: { outcome, reason } });
  if (state.phase === "aborting") return onDone(next, event.agent, event.atNs);
  if (state.phase === "running" && outcome === Outcome.FINISHED) return onDone(next, agent, event.atNs);
  if (mayGoOn(next, event))
    return isObserver(state, agent) ? goOnWithout(next, event) : onDone(next, agent, event.atNs);
  return isBeforeItsEnd(state.phase) ? abort(next, ofAgent(event.agent, reason), event.atNs) : stay(next);
}

/** One of the agent's participants failed; the others go on, and under `continue` so does the run. */
function onTrouble(state: ConductorState, event: ConductorEvent & { type: "trouble" }): Step {
  if (!isBeforeItsEnd(state.phase) || mayGoOn(state, event)) return stay(state);
  return abort(state, ofAgent(event.agent, event.reason), event.atNs);
}

function onLost(state: ConductorState, event: ConductorEvent & { type: "lost" }): Step {
  const { agent, reason, atNs } = event;
  if (state.agents.get(agent)?.end || !isBeforeItsEnd(state.phase)) return stay(state);
  return mayGoOn(state, event) ? goOnWithout(state, event) : abort(state, ofAgent(agent, reason), atNs);
}

interface Failing {
  readonly agent: string;
  readonly reason: string;
  readonly atNs: Nanos;
}

function planned(state: ConductorState, agent: string): PlannedAgent | undefined {
  return state.plan.agents.find(({ id }) => id === agent);
}

function isObserver(state: ConductorState, agent: string): boolean {
  return planned(state, agent)?.observer !== undefined;
}

function mayGoOn(state: ConductorState, { agent, atNs }: Pick<Failing, "agent" | "atNs">): boolean {
  const { phase, t0Ns, agents } = state;
  return mayLose(planned(state, agent), { phase, t0Ns, atNs, started: agents.get(agent)?.started ?? false });
}

/** The first reason is kept. */
function goOnWithout(state: ConductorState, { agent, reason, atNs }: Failing): Step {
  const lost = state.agents.get(agent)?.lost ?? reason;
  return advance({ state: changed(state, agent, { lost }), effects: [] }, atNs);
}

function abort(state: ConductorState, reason: string, atNs: Nanos): Step {
  return isBeforeItsEnd(state.phase)
    ? enter({ ...state, aborted: state.aborted ?? reason }, "aborting", atNs)
    : stay(state);
}

function onTimer(state: ConductorState, { name, atNs }: ConductorEvent & { type: "timer" }): Step {
  if (name === "ack" && state.phase === "firing") return onLate(state, "did not acknowledge T0 in time", atNs);
  if (name === "overdue" && state.phase === "running") return onLate(state, "did not end at the planned end", atNs);
  if (name === "collect" && state.phase === "collecting") return lookAtCollecting(state, atNs);
  const gaveUp =
    (name === "abort" && state.phase === "aborting") || (name === "clock-again" && state.phase === "clock-again");
  return gaveUp ? enter(state, NEXT[state.phase], atNs) : stay(state);
}

/** The run goes on without the late ones, or, if it cannot do without one of them, not at all. */
function onLate(state: ConductorState, what: string, atNs: Nanos): Step {
  const late = concerned(state).filter((id) => !state.agents.get(id)?.done);
  const needed = late.filter((agent) => !isObserver(state, agent) || !mayGoOn(state, { agent, atNs }));
  if (needed.length > 0) return abort(state, `${needed.join(", ")} ${what}`, atNs);
  const without = late.reduce((known, id) => changed(known, id, { lost: `it ${what}` }), state);
  return advance({ state: without, effects: [] }, atNs);
}

/** Before T0 was agreed on nothing can have started that should go on; after it the agents need nobody until they end. */
function onResumed(before: ConductorState, { atNs, sameBoot }: ConductorEvent & { type: "resumed" }): Step {
  const state = { ...before, rebooted: before.rebooted || !sameBoot };
  switch (state.phase) {
    case "preflight":
    case "arming":
    case "clock":
    case "firing":
      return abort(state, "the controller ended before T0 was agreed on", atNs);
    case "running": {
      if (state.rebooted) return abort(state, "the controller's host was restarted, and its clock with it", atNs);
      const again = enter(state, "running", atNs);
      const watches = concerned(again.state)
        .filter((id) => !again.state.agents.get(id)?.end)
        .map((agent) => ({ type: "watch", agent }) as const);
      return { state: again.state, effects: [...again.effects, ...watches] };
    }
    case "aborting":
    case "clock-again":
    case "collecting":
    case "sealing":
    case "releasing":
    case "done":
      return enter(state, state.phase, atNs);
    default:
      return unreachable(state.phase);
  }
}

function changed(state: ConductorState, agent: string, change: Partial<AgentState>): ConductorState {
  const before = state.agents.get(agent);
  if (!before) return state;
  return { ...state, agents: new Map(state.agents).set(agent, { ...before, ...change }) };
}

function stay(state: ConductorState): Step {
  return { state, effects: [] };
}

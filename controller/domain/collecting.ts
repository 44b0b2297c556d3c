/** How long a run's records are waited for when it has ended, agent by agent. Pure. */
import { msToNs, type Nanos } from "@salvo/shared/kernel/time.ts";
import type { AgentState } from "./agent-state.ts";
import type { ConductorState } from "./conductor-state.ts";

/** How long an agent of which nothing new is heard is waited for before its records are given up. */
export const COLLECT_WAIT_MS = 20_000;
/** The same of one whose host refuses connections: an agent that is started anew at once is back by then. */
export const REFUSED_WAIT_MS = 5_000;

/** An agent that collecting waits for. */
export interface Awaited {
  readonly agent: string;
  readonly why: "sends" | "silent" | "refuses";
  readonly forMs: number;
  /** Until it is given up, unless it is heard of. */
  readonly leftMs: number;
}

/** When collecting ends if nothing new comes: nobody is given up while another one is waited for. Undefined when all are done. */
export function collectingEndsNs(state: ConductorState): Nanos | undefined {
  let last: Nanos | undefined;
  for (const [, agent] of awaited(state)) {
    const endNs = givenUpNs(state, agent);
    if (last === undefined || endNs > last) last = endNs;
  }
  return last;
}

export function awaitedAgents(state: ConductorState, nowNs: Nanos): Awaited[] {
  const toMs = (ns: Nanos) => Math.max(0, Math.round(Number(ns) / 1e6));
  return awaited(state).map(([id, agent]) => ({
    agent: id,
    why: whyAwaited(agent, nowNs),
    forMs: toMs(nowNs - (state.collectingNs ?? nowNs)),
    leftMs: toMs(givenUpNs(state, agent) - nowNs),
  }));
}

/** A record takes back that the host refused. What is refused has been so since it was told first. */
export function hearing(
  state: ConductorState,
  {
    type,
    agent: id,
    atNs,
  }: { readonly type: "heard" | "refused" | "whole"; readonly agent: string; readonly atNs: Nanos },
): ConductorState {
  const agent = state.agents.get(id);
  if (state.phase !== "collecting" || !agent || agent.done) return state;
  const { heard } = agent;
  if (type === "whole") return changed(state, id, { ...agent, whole: true });
  if (type === "heard") return changed(state, id, { ...agent, heard: { recordNs: atNs } });
  return heard?.refusedNs === undefined
    ? changed(state, id, { ...agent, heard: { ...heard, refusedNs: atNs } })
    : state;
}

/** Agents that are still waited for, and no longer. Those that have nothing more to give are as good as collected from. */
export function givenUp(state: ConductorState): ConductorState {
  const agents = new Map(state.agents);
  for (const [id, agent] of awaited(state)) {
    const uncollected = { why: whyGivenUp(state, agent), forgotten: false };
    agents.set(id, agent.whole ? { ...agent, collected: true } : { ...agent, uncollected });
  }
  return { ...state, agents };
}

/** A run is sealed again only when there is more of it than before. */
export function hasNews({ seals, agents }: ConductorState): boolean {
  return seals === 0 || [...agents.values()].some(({ collected, sealed }) => collected && !sealed);
}

export function sealedNow(state: ConductorState): ConductorState {
  const agents = new Map([...state.agents].map(([id, agent]) => [id, { ...agent, sealed: agent.collected }]));
  return { ...state, agents, seals: state.seals + 1 };
}

/** The rest of a sentence that begins with the agent's name. */
function whyGivenUp({ plan }: ConductorState, { heard }: AgentState): string {
  if (heard?.refusedNs !== undefined) return "refused connections";
  if (heard?.recordNs === undefined) return `was silent for ${COLLECT_WAIT_MS / 1000} s`;
  return `stopped sending, or was still sending after ${Math.round(plan.collectMaxMs / 1000)} s`;
}

function changed(state: ConductorState, id: string, agent: AgentState): ConductorState {
  return { ...state, agents: new Map(state.agents).set(id, agent) };
}

function awaited({ phase, agents }: ConductorState): [string, AgentState][] {
  if (phase !== "collecting") return [];
  return [...agents].filter(([, agent]) => agent.armed && !agent.collected && !agent.done);
}

function givenUpNs({ collectingNs = 0n, plan }: ConductorState, { heard }: AgentState): Nanos {
  const boundNs = collectingNs + msToNs(plan.collectMaxMs);
  const quietNs =
    heard?.refusedNs === undefined
      ? (heard?.recordNs ?? collectingNs) + msToNs(COLLECT_WAIT_MS)
      : heard.refusedNs + msToNs(REFUSED_WAIT_MS);
  return quietNs < boundNs ? quietNs : boundNs;
}

/** Agents tell of new records every second or two while they send. */
const SENDING_NS = msToNs(5_000);

function whyAwaited({ heard }: AgentState, nowNs: Nanos): Awaited["why"] {
  if (heard?.refusedNs !== undefined) return "refuses";
  return heard?.recordNs !== undefined && nowNs - heard.recordNs < SENDING_NS ? "sends" : "silent";
}

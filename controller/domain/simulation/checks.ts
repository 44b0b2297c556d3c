import { GATES_LATE_MS_MAX } from "@salvo/shared/agent/domain/run-plan.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { REFUSED_WAIT_MS } from "../collecting.ts";
import type { ConductorState } from "../conductor-state.ts";
import type { SimulatedAgent } from "./agent.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";
import { HEARD_EVERY_MS } from "./journals.ts";

/** A world that has come to its end. */
export interface World {
  readonly agents: readonly SimulatedAgent[];
  readonly policies: ReadonlyMap<string, "abort" | "continue">;
  readonly observerPolicies: ReadonlyMap<string, "degrade" | "note">;
  readonly state: ConductorState;
  readonly done: boolean;
  /** True instants of T0, and of when the conductor learned what made it abort, where there were any. */
  readonly t0Ms: number | undefined;
  readonly abortedAtMs: number | undefined;
  /** When the conductor learned that an agent was lost, and went on. */
  readonly lostAtMs: ReadonlyMap<string, number>;
  readonly sealed: number;
  /** Agents that were reported to have acknowledged, but had not, when the conductor took the run as started. */
  readonly uncommitted: readonly string[];
  /** Agents within reach whose fio was still at work when the controller was done with an aborted run. */
  readonly leftWriting: readonly string[];
  /** Agents that accepted a T0 of another plan than theirs. */
  readonly misled: readonly string[];
  /** When there was no controller, true ms. */
  readonly orphaned: readonly { readonly fromMs: number; toMs: number }[];
  /** Agents whose journal was collected whole. */
  readonly collected: ReadonlySet<string>;
  /** Agents that were collected from when the run was sealed, the first time or later; and those of the first time. */
  readonly archived: ReadonlySet<string>;
  readonly archivedFirst: ReadonlySet<string>;
  /** How long collecting went on for agents only that were gone for good. */
  readonly waitedForGoneMs: number;
  /** One line for everything that happened: the same seed gives the same trace. */
  readonly trace: readonly string[];
}

/** Gates of one run open within this much of each other: clock bounds of both, drift since the estimate, and waking up. */
const SPREAD_MS_MAX = 90 + GATES_LATE_MS_MAX;

/** By then an agent has noticed that its watcher is gone: the slowest message of the simulated network. */
const NOTICE_MS_MAX = 100;

/** An agent that does not answer is asked again in a second and a half. */
const RETRY_MS_MAX = 1_500;

/** An agent gives its fio 10 s after the planned end, and the kernel a moment to kill it. */
const GRACE_MS = 10_100;

/** What must be true of every world when it has come to its end; each broken rule is one sentence. */
export function findBroken(world: World): string[] {
  const { agents, state } = world;
  const started = agents.filter(({ openedAtMs }) => openedAtMs.length > 0);
  const broken: string[] = [];
  const rule = (holds: boolean, what: string) => {
    if (!holds) broken.push(what);
  };

  rule(world.done, `the run never came to an end: it is ${state.phase}`);
  for (const { id, openedAtMs } of agents)
    rule(openedAtMs.length <= 1, `${id} opened its gates ${openedAtMs.length} times`);
  for (const { id, longestMs } of agents) {
    const allowed = state.plan.lengthMs + GRACE_MS;
    rule(longestMs <= allowed, `fio of ${id} was at work for ${longestMs} ms, long past its planned end`);
  }
  for (const { id, writing } of agents) rule(!writing, `fio of ${id} is still at work at the end of time`);
  for (const agent of agents)
    rule(!(agent.alive && agent.held() === "active"), `${agent.id} still holds an active run`);

  const ends = [...state.agents.values()];
  const good =
    state.aborted === undefined &&
    ends.every(({ end, lost }) => lost === undefined && end?.outcome === Outcome.FINISHED);
  if (good) {
    rule(started.length === agents.length, `a good run, but only ${started.length} of ${agents.length} agents started`);
    const at = started.flatMap(({ openedAtMs }) => openedAtMs);
    const spread = greatest(at) - least(at);
    rule(spread <= SPREAD_MS_MAX, `a good run, but its gates opened ${spread} ms apart`);
    for (const { id, ticksLeft } of agents)
      rule(ticksLeft === 0, `a good run, but ${id} ended ${ticksLeft} ticks early`);
    for (const { id, longestAwayMs } of agents) {
      const collected = world.archivedFirst.has(id) || longestAwayMs > REFUSED_WAIT_MS - RETRY_MS_MAX;
      rule(collected, `a good run, but the journal of ${id} was not collected`);
    }
  }
  const { waitedForGoneMs } = world;
  const prompt = waitedForGoneMs <= REFUSED_WAIT_MS + RETRY_MS_MAX + HEARD_EVERY_MS;
  rule(prompt, `collecting went on for ${waitedForGoneMs} ms for agents that were gone`);
  rule(world.leftWriting.length === 0, `aborted, and fio goes on at ${world.leftWriting.join(", ")}`);
  for (const [id, { clock, clockAfter }] of state.agents) {
    const inOrder = !clock || !clockAfter || clockAfter.atNs >= clock.atNs;
    rule(inOrder, `the clock of ${id} is read by estimates of two boots of the controller`);
  }
  for (const { id, openedAtMs } of started) {
    const late = openedAtMs.some((ms) => ms > (world.t0Ms ?? 0) + SPREAD_MS_MAX);
    rule(!late, `${id} opened its gates long after T0`);
  }
  if (state.aborted === undefined) {
    const participants = agents.filter(({ observer }) => !observer);
    rule(
      participants.every(({ openedAtMs }) => openedAtMs.length > 0),
      "not aborted, but not every participant started",
    );
    for (const [id, { lost, end }] of state.agents) {
      if (world.observerPolicies.has(id)) continue;
      const excused =
        world.policies.get(id) === "continue" || (lost === undefined && end?.outcome === Outcome.FINISHED);
      rule(excused, `${id} failed under the policy abort, and the run was not aborted`);
    }
  }
  broken.push(...brokenByObservers(world));
  rule(world.uncommitted.length === 0, `taken as started, but ${world.uncommitted.join(", ")} had never accepted T0`);
  for (const { fromMs, toMs } of world.orphaned) {
    for (const { id, openedAtMs } of started) {
      const alone = openedAtMs.some((ms) => ms > fromMs + NOTICE_MS_MAX && ms < toMs);
      rule(!alone, `${id} opened its gates when there had been no controller for a while`);
    }
  }
  for (const { id, wroteElsewhere } of agents)
    rule(!wroteElsewhere, `${id} wrote to a device that nobody had looked at`);
  rule(world.misled.length === 0, `the T0 of another plan was accepted by ${world.misled.join(", ")}`);
  if (state.t0Ns === undefined) rule(started.length === 0, "there was no T0, but gates opened");
  for (const { id, openedAtMs } of started) {
    for (const ms of openedAtMs)
      rule(world.t0Ms !== undefined && ms >= world.t0Ms - SPREAD_MS_MAX, `${id} opened its gates before T0`);
  }
  for (const agent of agents) {
    const released = state.agents.get(agent.id)?.armed && agent.held() === undefined && agent.openedAtMs.length > 0;
    if (!released) continue;
    rule(world.sealed > 0, `${agent.id} was released before anything was sealed`);
    rule(world.collected.has(agent.id), `${agent.id} was told to forget what nobody had collected`);
    rule(world.archived.has(agent.id), `${agent.id} was told to forget what is in no archive`);
  }
  return broken;
}

/** Losing an observer ends no run that has begun, and before T0 only one that the lab wants it in. */
function brokenByObservers({ state, observerPolicies, t0Ms, abortedAtMs, lostAtMs }: World): string[] {
  return [...observerPolicies].flatMap(([id, policy]) => {
    const { lost, end } = state.agents.get(id) ?? {};
    const isToBlame = state.aborted !== undefined && new RegExp(`(^|, )${id}(:|,| did)`).test(state.aborted);
    const begun = t0Ms !== undefined && abortedAtMs !== undefined && abortedAtMs >= t0Ms;
    const lostEarly = lost !== undefined && (t0Ms === undefined || (lostAtMs.get(id) ?? 0) < t0Ms);
    const unknown = state.aborted === undefined && lost === undefined && end?.outcome !== Outcome.FINISHED;
    return [
      isToBlame && begun && `the observer ${id} was lost after T0, and the run was aborted for it`,
      isToBlame && policy === "note" && `losing the observer ${id} is only noted, and the run was aborted for it`,
      policy === "degrade" && lostEarly && `the run went on without the observer ${id}, which was lost before T0`,
      unknown && `the observer ${id} did not finish, and nobody knows`,
    ].filter((text) => text !== false);
  });
}

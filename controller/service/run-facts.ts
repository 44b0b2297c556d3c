/** What a run's spec means to the conductor and its agents, and what the conductor knows that no record tells. Pure. */
import { create } from "@bufbuild/protobuf";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import { ObserverLoss, OnLoss } from "@salvo/proto/lab_pb.ts";
import { ClockEstimateSchema, type ClockEstimate, type RunAgent, type RunSpec } from "@salvo/proto/run_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import { fioRuntimeMs } from "@salvo/shared/agent/domain/run-plan.ts";
import type { ClockEstimate as Estimate } from "@salvo/shared/clock/estimate.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import type { RunFacts } from "../analysis/facts.ts";
import type { UncollectedAgent } from "../analysis/uncollected.ts";
import type { AgentState } from "../domain/agent-state.ts";
import type { ConductorPlan, ConductorState } from "../domain/conductor-state.ts";
import type { PlannedAgent } from "../domain/losses.ts";
import { limitsOf } from "../domain/records/limits.ts";
import { seededWorkload } from "../domain/seeds.ts";
import type { RunBegin } from "./run-log.ts";

/** Writing a device's file full is the slow part of arming. */
const ARM_MS = 60_000;
const FILL_BYTES_PER_MS = 20_000n;
/** Collecting may take so long and, over the slowest network worth having, so long for each record that the run can have. */
const COLLECT_MS = 60_000;
const COLLECT_MS_PER_RECORD = 2;

export function planOf(spec: RunSpec): ConductorPlan {
  assert(spec.workload, "a run has a workload");
  return {
    lengthMs: fioRuntimeMs(spec.workload),
    collectMaxMs: COLLECT_MS + COLLECT_MS_PER_RECORD * recordsMax(spec),
    agents: spec.agents.map(plannedAgent),
  };
}

/** Of the agent that has the most to say. */
function recordsMax(spec: RunSpec): number {
  return greatest(
    spec.agents.map(({ id }) => limitsOf(spec, id).recordsMax),
    0,
  );
}

function plannedAgent({ id, onLoss, observer }: RunAgent): PlannedAgent {
  return {
    id,
    onLoss: onLoss === OnLoss.CONTINUE ? "continue" : "abort",
    ...(observer !== ObserverLoss.UNSPECIFIED && { observer: observer === ObserverLoss.NOTE ? "note" : "degrade" }),
  };
}

/** What an agent is to arm, bound to what it said of its devices when the run began. */
export function armPlanOf(spec: RunSpec, agent: AgentDescription) {
  const { run, intervalMs, participants } = spec;
  const workload = seededWorkload(spec, agent.id);
  const parts = participants
    .filter((each) => each.agent === agent.id)
    .map(({ id, device }) => ({ id, device, deviceHash: agent.deviceHashes[device] ?? "" })); // preflight: it has one
  const plan = { run, workload, intervalMs, participants: parts };
  return { ...plan, planHash: planHash(plan) };
}

/** How long an agent may take to arm: its devices may have to be written full first. */
export function armMs(spec: RunSpec, ...agents: (AgentDescription | undefined)[]): number {
  const bytes = agents.flatMap((agent) =>
    (agent?.devices ?? [])
      .filter(
        ({ name, disk }) => !disk && spec.participants.some((each) => each.agent === agent?.id && each.device === name),
      )
      .map(({ sizeBytes }) => sizeBytes),
  );
  return ARM_MS + Number(bytes.reduce((sum, each) => sum + each, 0n) / FILL_BYTES_PER_MS);
}

/** anchor: one instant on both of the controller's clocks. */
export function factsOf(
  state: ConductorState,
  { anchor }: RunBegin,
  agents: AgentDescription[],
  notes: readonly string[],
): RunFacts {
  const { t0Ns } = state;
  return {
    t0: t0Ns === undefined ? undefined : { ns: t0Ns, wallNs: anchor.wallNs + (t0Ns - anchor.monotonicNs) },
    clockBefore: estimates(state, "clock"),
    clockAfter: estimates(state, "clockAfter"),
    agents,
    aborted: state.aborted,
    lost: [...state.agents].filter(([, agent]) => wasLost(agent)).map(([id]) => id),
    uncollected: uncollectedAgents(state),
    notes: [...notes, ...lostObservers(state)],
    finished: [...state.agents].filter(([, { end }]) => end?.outcome === Outcome.FINISHED).map(([id]) => id),
  };
}

function lostObservers({ plan, agents }: ConductorState): string[] {
  return plan.agents.flatMap(({ id, observer }) => {
    const lost = agents.get(id)?.lost;
    return observer !== undefined && lost !== undefined ? [`the observer ${id} was lost: ${lost}`] : [];
  });
}

/** Agents that may hold more than is here. */
function uncollectedAgents({ t0Ns, agents }: ConductorState): UncollectedAgent[] {
  if (t0Ns === undefined) return []; // nothing was measured
  return [...agents]
    .filter(([, { armed, collected }]) => armed && !collected)
    .map(([agent, { uncollected }]) => ({
      agent,
      ...(uncollected ?? { why: "was not collected from", forgotten: false }),
    }));
}

/** Agents that hold the run, and can be asked again: for what is missing, or to forget it. */
export function askedAgain({ agents }: ConductorState): string[] {
  return [...agents].flatMap(([id, { armed, released, uncollected }]) =>
    armed && !released && uncollected?.forgotten !== true ? [id] : [],
  );
}

/** In mid-run: it stayed silent, or it was killed and back so soon that it could say so itself. */
function wasLost({ lost, started, end }: AgentState): boolean {
  return lost !== undefined || (started && end?.outcome === Outcome.INTERRUPTED);
}

function estimates(state: ConductorState, which: "clock" | "clockAfter"): ClockEstimate[] {
  return [...state.agents].flatMap(([agent, known]) => {
    const found: Estimate | undefined = known[which];
    return found
      ? [
          create(ClockEstimateSchema, {
            agent,
            atNs: found.atNs,
            offsetNs: found.offsetNs,
            boundNs: found.boundNs,
            pings: found.pings,
            rttNs: found.rttNs,
          }),
        ]
      : [];
  });
}

import { create } from "@bufbuild/protobuf";
import { type Workload, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { fioRuntimeMs } from "@salvo/shared/agent/domain/run-plan.ts";
import type { ConductorPlan } from "../conductor-state.ts";
import { type AgentStep, chooseFaults, createAgent, type Looks, type SimulatedAgent } from "./agent.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Who is in a simulated world, and what the lab says of losing each. */
export interface Population {
  readonly workload: Workload;
  readonly agents: readonly SimulatedAgent[];
  readonly policies: ReadonlyMap<string, "abort" | "continue">;
  readonly observerPolicies: ReadonlyMap<string, "degrade" | "note">;
  readonly plan: ConductorPlan;
}

interface Source {
  readonly random: Random;
  /** Of its own, as observers came later: old seeds keep their worlds. */
  readonly randomOfObservers: Random;
  readonly timeline: Timeline;
  readonly withFaults: boolean;
  readonly looks?: Looks | undefined;
  readonly step?: AgentStep | undefined;
}

export function populate({ random, randomOfObservers, timeline, withFaults, looks, step }: Source): Population {
  const workload = create(WorkloadSchema, {
    name: "w",
    jobs: 1 + Math.floor(random.between(0, 3)),
    rampMs: random.chance(0.5) ? 1000 : 0,
    durationMs: 4000,
  });
  const agents = Array.from({ length: 1 + Math.floor(random.between(0, 4)) }, (_, index) =>
    createAgent(`agent${index}`, {
      timeline,
      random,
      observer: index > 0 && randomOfObservers.chance(0.25),
      looks,
      faults: withFaults ? chooseFaults(random) : { missesT0: false, fio: "none" },
      ...(step && { step }),
    }),
  );
  const policies = new Map(
    agents.map(({ id }) => [id, random.chance(0.3) ? ("continue" as const) : ("abort" as const)]),
  );
  const observerPolicies = new Map(
    agents
      .filter(({ observer }) => observer)
      .map(({ id }) => [id, randomOfObservers.chance(0.5) ? ("note" as const) : ("degrade" as const)]),
  );
  const planned = agents.map(({ id }) => {
    const observer = observerPolicies.get(id);
    return { id, onLoss: policies.get(id) ?? "abort", ...(observer && { observer }) };
  });
  const plan = { lengthMs: fioRuntimeMs(workload), collectMaxMs: 90_000, agents: planned };
  return { workload, agents, policies, observerPolicies, plan };
}

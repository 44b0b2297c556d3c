import type { Workload } from "@salvo/proto/workload_pb.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import type { RunPlan } from "@salvo/shared/agent/domain/run-plan.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { SimulatedAgent } from "./agent.ts";
import type { Random } from "./random.ts";

/** What the simulated controller plans with, and T0s of other plans on the wire. */
export interface Plans {
  /** Agents that accepted a T0 of another plan than theirs. */
  readonly misled: readonly string[];
  /** The agent says what its device is; it is on the controller's disk then. */
  look(agent: SimulatedAgent): void;
  of(id: string): RunPlan;
  /** Now and then a T0 comes that is not for the plan that was armed. It has to be refused. */
  mislead(id: string, fire: (hash: string) => void): void;
}

export function createPlans(workload: Workload, random: Random, log: (text: string) => void): Plans {
  const looked = new Map<string, Pick<SimulatedAgent, "device" | "observer">>();
  const misled: string[] = [];
  return {
    misled,
    look: ({ id, device, observer }) => void looked.set(id, { device, observer }),
    of(id) {
      const { device = "", observer = false } = looked.get(id) ?? {};
      const participants = observer ? [] : [{ id: `${id}.disk`, device: "disk", deviceHash: device }];
      const parts = { run: "run", workload, intervalMs: 1000, participants };
      return { ...parts, ticks: (workload.rampMs + workload.durationMs) / 1000, hash: planHash(parts) };
    },
    mislead(id, fire) {
      if (!random.chance(0.1)) return;
      try {
        fire("another plan's");
        misled.push(id);
      } catch (error) {
        log(`${id} does not take the T0 of another plan: ${toSalvoError(error).kind}`);
      }
    },
  };
}

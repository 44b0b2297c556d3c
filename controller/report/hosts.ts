import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { isObserver } from "../domain/observer.ts";

/** A machine, and the agents that run on it. */
export interface ReportHost {
  readonly name: string;
  readonly agents: readonly AgentDescription[];
}

/** Agents with the same host name and boot are on one machine, whose cores each of them measures. In the order of agents. */
export function hostsOf(manifest: Manifest): readonly ReportHost[] {
  const byBoot = Map.groupBy(manifest.agents, (agent) => JSON.stringify([agent.host?.name, agent.bootId || agent.id]));
  return [...byBoot.values()].map((agents) => ({ name: agents[0]?.host?.name || agents[0]?.id || "?", agents }));
}

/** The agents that took part without fio. */
export function observersOf({ spec }: Manifest): ReadonlySet<string> {
  return new Set((spec?.agents ?? []).filter(isObserver).map(({ id }) => id));
}

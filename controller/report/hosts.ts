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

/**
 * The hosts of several runs, each once: two of one name and of the same system are one host when it has not been started anew
 * in between, or when the same agent ran there before and after. Clones of a guest, with other agents, stay apart.
 */
export function mergedHosts(hosts: readonly ReportHost[]): readonly ReportHost[] {
  const merged: { readonly name: string; readonly agents: AgentDescription[] }[] = [];
  for (const { name, agents } of hosts) {
    const known = merged.find((host) => host.name === name && isSameHost(host.agents, agents));
    if (!known) merged.push({ name, agents: [...agents] });
    else known.agents.push(...agents.filter((agent) => !known.agents.some((each) => isSameAgent(each, agent))));
  }
  return merged.map(({ name, agents }) => ({ name, agents: agents.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }));
}

function isSameHost(known: readonly AgentDescription[], agents: readonly AgentDescription[]): boolean {
  const alike = systemOf(known[0]) === systemOf(agents[0]);
  const boots = new Set(known.map(({ bootId }) => bootId));
  return alike && agents.some(({ id, bootId }) => boots.has(bootId) || known.some((each) => each.id === id));
}

function isSameAgent(a: AgentDescription, b: AgentDescription): boolean {
  return a.id === b.id && a.version === b.version && a.fio?.version === b.fio?.version;
}

function systemOf(agent: AgentDescription | undefined): string {
  const { os, kernel, cpu, cores, memoryBytes, virtualization, nodeVersion } = agent?.host ?? {};
  return JSON.stringify([os, kernel, cpu, cores, String(memoryBytes), virtualization, nodeVersion]);
}

/** The agents that took part without fio. */
export function observersOf({ spec }: Manifest): ReadonlySet<string> {
  return new Set((spec?.agents ?? []).filter(isObserver).map(({ id }) => id));
}

import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { html, type Html } from "../html.ts";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { hostsOf, mergedHosts, observersOf, type ReportHost } from "../hosts.ts";
import { formatBytes } from "../units.ts";
import { absent, renderTable } from "./table.ts";

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  [Role.UNSPECIFIED]: "no role",
  [Role.WORKLOAD]: "workload",
  [Role.TARGET]: "target",
  [Role.INITIATOR]: "initiator",
  [Role.HYPERVISOR]: "hypervisor",
};

/** The machines of all runs, each once, with all agents that ran there; one that changed has a row for each of its states. */
export function hostTable(manifests: readonly Manifest[]): Html {
  // In any of the runs: a host has one row.
  const observers = new Set(manifests.flatMap((manifest) => [...observersOf(manifest)]));
  const hosts = mergedHosts(manifests.flatMap((manifest) => hostsOf(manifest)));
  return renderTable(
    "Hosts and versions",
    [
      { title: "Host" },
      { title: "Agents" },
      { title: "System" },
      { title: "Processor" },
      { title: "Memory", figure: true },
      { title: "Runs in" },
      { title: "fio" },
      { title: "Node" },
    ],
    hosts.map((host) => hostRow(host, observers)),
  );
}

function hostRow({ name, agents }: ReportHost, observers: ReadonlySet<string>): Html[] {
  const host = agents[0]?.host;
  const unknown = absent("The agent did not say.");
  const fios = [...new Set(agents.map(({ fio }) => fio?.version || fio?.problem).filter(Boolean))];
  return [
    html`${name}`,
    html`${agents.map(
      (agent) =>
        html`<div>
          ${agent.id} <small>${agent.version}, ${rolesOf(agent)}${observers.has(agent.id) && "; observer"}</small>
        </div>`,
    )}`,
    host
      ? html`${host.os}<br /><small>${host.kernel}</small
          >${host.notes.map((note) => html`<br /><small>${note}</small>`)}`
      : unknown,
    host ? html`${host.cpu}<br /><small>${host.cores} cores</small>` : unknown,
    host ? html`${formatBytes(Number(host.memoryBytes))}` : unknown,
    host ? html`${host.virtualization || "hardware"}` : unknown,
    fios.length > 0 ? html`${fios.join(", ")}` : unknown,
    host ? html`${host.nodeVersion}` : unknown,
  ];
}

function rolesOf({ roles }: AgentDescription): string {
  return roles.map((role) => ROLE_NAMES[role] ?? "unknown role").join(", ");
}

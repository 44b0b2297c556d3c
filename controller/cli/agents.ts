import { toJson } from "@bufbuild/protobuf";
import {
  type AgentDescription,
  AgentDescriptionSchema,
  type RunPhase,
  RunPhaseSchema,
  type RunStatus,
} from "@salvo/proto/agent_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Channels, openChannels } from "../service/channels.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";
import { expected, openLabOf } from "./lab.ts";
import { textTable } from "./table.ts";

export interface AgentsCommand {
  readonly lab: string;
  readonly json?: boolean;
}

export interface AgentReport {
  readonly planned: LabAgent;
  readonly agent: AgentDescription | undefined;
  readonly runs: readonly RunStatus[];
  /** Why nothing is known of it. */
  readonly problem: string | undefined;
}

export async function listAgents({ lab: file, json = false }: AgentsCommand, io: Io): Promise<number> {
  const lab = await loadLab(file);
  using channels = openChannels(await openLabOf(file, lab.message));
  const reports = await Promise.all(lab.message.agents.map((planned) => askAgent(channels, planned)));
  if (json) for (const report of reports) io.stdout.write(`${JSON.stringify(reportJson(report))}\n`);
  else io.stdout.write(agentTable(reports));
  return reports.every(({ problem }) => problem === undefined) ? EXIT.ok.code : EXIT.environment.code;
}

export async function askAgent(channels: Channels, planned: LabAgent): Promise<AgentReport> {
  try {
    const { agent, runs } = await channels.client(expected(planned)).describe({}, { deadlineMs: 10_000 });
    await channels.renewWhenDue(expected(planned), Date.now());
    return { planned, agent, runs, problem: undefined };
  } catch (error) {
    return { planned, agent: undefined, runs: [], problem: toSalvoError(error).describe() };
  }
}

function reportJson({ planned, agent, runs, problem }: AgentReport) {
  return {
    id: planned.id,
    address: planned.address,
    reachable: problem === undefined,
    problem: problem ?? null,
    agent: agent ? toJson(AgentDescriptionSchema, agent, { alwaysEmitImplicit: true }) : null,
    runs: runs.map(({ run, phase, reason }) => ({ run, phase: phaseName(phase), reason })),
  };
}

function agentTable(reports: readonly AgentReport[]): string {
  const head = ["agent", "address", "state", "host", "cores", "fio", "devices"];
  return textTable(
    head,
    reports
      .map(({ planned, agent, runs, problem }) => [
        planned.id,
        planned.address,
        problem ?? runs.map(({ run, phase }) => `${phaseName(phase)} ${run}`).join(", ") ?? "",
        agent?.host?.name ?? "-",
        String(agent?.host?.cores ?? "-"),
        agent?.fio?.version || agent?.fio?.problem || "-",
        agent?.devices.map(({ name, sizeBytes }) => `${name} ${Number(sizeBytes) / 2 ** 20} MiB`).join(", ") ?? "-",
      ])
      .map((row) => row.map((cell) => cell || "ready")),
    new Set([4]),
  );
}

function phaseName(phase: RunPhase): string {
  return (RunPhaseSchema.value[phase]?.localName ?? String(phase)).toLowerCase();
}

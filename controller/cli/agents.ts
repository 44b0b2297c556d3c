import { toJson } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, RunPhase, RunPhaseSchema, type RunStatus } from "@salvo/proto/agent_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type AgentReport, askAgent } from "../service/ask-agent.ts";
import { type Channels, expectedOf, openChannels } from "../service/channels.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { enumName } from "../store/enum-name.ts";
import { textTable } from "./table.ts";
import { ofAgent } from "../domain/of-agent.ts";

export interface AgentsCommand {
  readonly lab: string;
  readonly json?: boolean;
  /** A run that all agents are to forget. */
  readonly release?: string;
}

export async function listAgents({ lab: file, json = false, release }: AgentsCommand, io: Io): Promise<number> {
  const lab = await loadLab(file);
  const opened = await openLabOf(file, lab.message);
  using channels = openChannels(opened);
  if (release !== undefined) return await releaseRun(release, lab.message.agents, { ...opened, channels }, io);
  const reports = await Promise.all(lab.message.agents.map((planned) => askAgent(channels, planned)));
  if (json) for (const report of reports) io.stdout.write(`${JSON.stringify(reportJson(report))}\n`);
  else io.stdout.write(agentTable(reports));
  const held = reports.flatMap(({ runs }) => runs.filter(isHeld));
  if (held.length > 0) io.stderr.write(HELD_HINT);
  return reports.every(({ problem }) => problem === undefined) ? EXIT.ok.code : EXIT.environment.code;
}

const HELD_HINT =
  "agents hold ended runs until a controller releases them: salvo resume collects what its controller left open, salvo agents --release RUN gives one up\n";

/** What nobody will collect any more: the agents delete their records of it. */
async function releaseRun(
  run: string,
  agents: readonly LabAgent[],
  { channels, audit, who }: Pick<AuditedLab, "audit" | "who"> & { readonly channels: Channels },
  io: Io,
): Promise<number> {
  const problems = await Promise.all(
    agents.map(async (agent) => {
      const { id } = agent;
      try {
        await audit.around({ who, what: "agents --release", details: { run, agent: id } }, () =>
          channels.client(expectedOf(agent)).release({ run }, { deadlineMs: 10_000 }),
        );
        return [];
      } catch (error) {
        return [ofAgent(id, toSalvoError(error).describe())];
      }
    }),
  );
  const failed = problems.flat();
  for (const problem of failed) io.stderr.write(`${problem}\n`);
  io.stderr.write(`${agents.length - failed.length} of ${agents.length} agents hold nothing of ${run} now\n`);
  return failed.length === 0 ? EXIT.ok.code : EXIT.environment.code;
}

function isHeld({ phase }: RunStatus): boolean {
  return phase === RunPhase.ENDED;
}

function reportJson({ planned, agent, runs, problem }: AgentReport) {
  return {
    id: planned.id,
    address: planned.address,
    reachable: problem === undefined,
    problem: problem ?? null,
    agent: agent ? toJson(AgentDescriptionSchema, agent, { alwaysEmitImplicit: true }) : null,
    runs: runs.map(({ run, phase, reason }) => ({ run, phase: enumName(RunPhaseSchema, phase), reason })),
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
        problem ?? stateOf(runs),
        agent?.host?.name ?? "-",
        String(agent?.host?.cores ?? "-"),
        agent?.fio?.version || agent?.fio?.problem || "-",
        agent?.devices.map(({ name, sizeBytes }) => `${name} ${Number(sizeBytes) / 2 ** 20} MiB`).join(", ") ?? "-",
      ])
      .map((row) => row.map((cell) => cell || "ready")),
    { right: new Set([4]) },
  );
}

const HELD_SHOWN_MAX = 3;

function stateOf(runs: readonly RunStatus[]): string {
  const held = runs.filter(isHeld).map(({ run }) => run);
  const shown = held.slice(0, HELD_SHOWN_MAX).join(", ") + (held.length > HELD_SHOWN_MAX ? ", ..." : "");
  return [
    ...runs.filter((status) => !isHeld(status)).map(({ run, phase }) => `${enumName(RunPhaseSchema, phase)} ${run}`),
    ...(held.length > 0 ? [`holds ${held.length}: ${shown}`] : []),
  ].join(", ");
}

/** What the page shows of a lab: its agents and its runs. */
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import { type AgentReport, askAgent } from "../service/ask-agent.ts";
import type { Channels } from "../service/channels.ts";
import { listRuns, OPEN } from "../store/runs.ts";
import type { AgentState, SealedRun } from "./state.ts";
import { resultOf } from "./study-view.ts";

export async function agentsOf(lab: Lab, channels: Channels): Promise<AgentState[]> {
  return (await Promise.all(lab.agents.map((planned) => askAgent(channels, planned)))).map(agentState);
}

function agentState({ planned, agent, runs, problem }: AgentReport): AgentState {
  const inUse = runs.find(({ phase }) => phase !== RunPhase.ENDED);
  return {
    id: planned.id,
    address: planned.address,
    roles: planned.roles.map(roleName),
    state: problem ?? (inUse ? `in use by run ${inUse.run}` : "ready"),
    isWell: problem === undefined,
    version: agent?.version ?? "",
    host: agent?.host?.name ?? "",
    os: agent?.host?.os ?? "",
    ...(agent?.host && { cores: agent.host.cores }),
    fio: agent?.fio?.version || (agent?.fio?.problem ?? ""),
    devices: agent?.devices.map(({ name }) => name) ?? [],
  };
}

/** The latest first. */
export async function sealedRunsOf(dataDir: string): Promise<SealedRun[]> {
  const runs = (await listRuns(dataDir)).filter(({ verdict }) => verdict !== OPEN);
  return runs
    .toSorted((a, b) => (a.run < b.run ? 1 : -1))
    .map((summary) => ({
      run: summary.run,
      study: summary.study,
      title: `${summary.scenario}/${summary.workload}`,
      repeat: summary.repeat,
      ...resultOf(summary),
    }));
}

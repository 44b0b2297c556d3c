import type { AgentDescription, RunStatus } from "@salvo/proto/agent_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Ask, type Channels, expectedOf } from "./channels.ts";

export interface AgentReport {
  readonly planned: LabAgent;
  readonly agent: AgentDescription | undefined;
  readonly runs: readonly RunStatus[];
  /** By device name; only where it was asked for. */
  readonly deviceProblems: { readonly [device: string]: string };
  /** Why nothing is known of it. */
  readonly problem: string | undefined;
}

export async function askAgent(channels: Channels, planned: LabAgent, ask?: Ask): Promise<AgentReport> {
  try {
    const { agent, runs, deviceProblems } = await channels.describe(expectedOf(planned), { deadlineMs: 10_000 }, ask);
    await channels.renewWhenDue(expectedOf(planned), Date.now());
    return { planned, agent, runs, problem: undefined, deviceProblems };
  } catch (error) {
    return { planned, agent: undefined, runs: [], deviceProblems: {}, problem: toSalvoError(error).describe() };
  }
}

import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import { type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { largestJobProblems } from "../domain/fio-limits.ts";
import { type Channels, expectedOf } from "../service/channels.ts";
import { probeClock } from "../service/clock-probe.ts";
import { type AgentReport, askAgent } from "../service/ask-agent.ts";
import { VERSION } from "./version.ts";

export interface Finding {
  readonly check: string;
  readonly state: "ok" | "note" | "problem";
  /** What was found, and what to do about it. */
  readonly text: string;
}

export async function examineAgent(channels: Channels, planned: LabAgent): Promise<Finding> {
  const report = await askAgent(channels, planned, { examineDevices: true });
  const check = `agent ${planned.id}`;
  const { agent, problem = "no answer" } = report;
  if (!agent) return { check, state: "problem", text: problem };
  const unfit = unfitness(planned, agent);
  if (unfit !== undefined) return { check, state: "problem", text: unfit };
  try {
    const { boundNs, rttNs } = await probeClock(channels.client(expectedOf(planned)), systemClock);
    return agentFinding(report, `clock known to ${micros(boundNs)} us, round trip ${micros(rttNs)} us`);
  } catch (error) {
    return { check, state: "problem", text: toSalvoError(error).describe() };
  }
}

/** Why the controller cannot work with this agent at all. */
function unfitness({ id, address, roles }: LabAgent, agent: AgentDescription): string | undefined {
  if (agent.id !== id) return `the agent at ${address} calls itself ${agent.id}; correct the lab file`;
  if (roles.includes(Role.WORKLOAD) && !agent.fio?.version) return agent.fio?.problem ?? "it does not run fio";
  if (agent.version !== VERSION) return `it is version ${agent.version}, the controller ${VERSION}; deploy the same`;
  return undefined;
}

/** Of an agent that answers as it should. */
export function agentFinding(
  { planned, agent, deviceProblems }: Pick<AgentReport, "planned" | "agent" | "deviceProblems">,
  clock: string,
): Finding {
  const check = `agent ${planned.id}`;
  if (!agent || !planned.roles.includes(Role.WORKLOAD))
    return { check, state: "note", text: `it takes part in no run; ${clock}` };
  const problems = Object.values(deviceProblems).map((problem) => `runs may not write to ${problem}`);
  const notes = largestJobProblems(agent);
  const devices = agent.devices.map(({ name }) => name).join(", ") || "none: nothing can be measured there";
  const fine = agent.devices.length > 0 && notes.length === 0;
  return {
    check,
    state: problems.length > 0 ? "problem" : fine ? "ok" : "note",
    text: [`${agent.fio?.version}; ${clock}; devices ${devices}`, ...notes, ...problems].join("; "),
  };
}

function micros(ns: bigint): string {
  return (Number(ns) / 1000).toFixed(0);
}

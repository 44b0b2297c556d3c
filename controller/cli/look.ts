import type { RunAgent, RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { CLOCK_BOUND_MS_MAX, clockWarning, versionProblem } from "../domain/preflight.ts";
import { probeClock } from "../service/clock-probe.ts";
import { type Channels, openChannels } from "../service/controller.ts";
import { VERSION } from "./version.ts";

const ANSWER_MS = 5_000;

/**
 * Before a study begins: throws `refused` for agents of another version, and says which clocks are too far away. An agent that
 * cannot be reached is left to its runs, whose verdict says so.
 */
export async function lookAtAgents(
  specs: readonly RunSpec[],
  {
    say,
    signal,
    version = VERSION,
  }: { readonly say: (line: string) => void; readonly signal: AbortSignal; readonly version?: string },
): Promise<void> {
  using channels = openChannels();
  const problems: string[] = [];
  for (const agent of agentsOf(specs)) {
    const client = channels.client(agent.address);
    try {
      const { agent: description } = await client.describe({}, { deadlineMs: ANSWER_MS, signal });
      const problem = description && versionProblem(description, version);
      if (problem !== undefined) problems.push(problem);
      const { boundNs } = await probeClock(client, systemClock, { signal });
      const warning = clockWarning(agent.id, boundNs, CLOCK_BOUND_MS_MAX);
      if (warning !== undefined) say(`warning: ${warning}`);
    } catch (error) {
      if (signal.aborted || toSalvoError(error).kind === "internal") throw error;
    }
  }
  if (problems.length > 0) throw new SalvoError("refused", problems.join("\n"), { remedy: "Nothing was started" });
}

/** Which of a run's agents do not answer. */
export async function unreachableAgents(spec: RunSpec, signal: AbortSignal): Promise<string[]> {
  using channels = openChannels();
  const answers = await Promise.all(spec.agents.map((agent) => isReachable(channels, agent, signal)));
  return spec.agents.flatMap(({ id }, index) => (answers[index] ? [] : [id]));
}

async function isReachable(channels: Channels, { address }: RunAgent, signal: AbortSignal): Promise<boolean> {
  try {
    await channels.client(address).describe({}, { deadlineMs: ANSWER_MS, signal });
    return true;
  } catch (error) {
    const { kind } = toSalvoError(error);
    return kind !== "unavailable" && kind !== "timeout"; // it answered, whatever it said
  }
}

function agentsOf(specs: readonly RunSpec[]): RunAgent[] {
  return [...new Map(specs.flatMap(({ agents }) => agents).map((agent) => [agent.id, agent])).values()];
}

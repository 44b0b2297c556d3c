import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import type { RunAgent, RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { CLOCK_BOUND_MS_MAX, clockWarning, versionProblem, whyUnfit } from "../../domain/preflight.ts";
import { type Channels, expectedInRun, expectedOf } from "../channels.ts";
import { probeClock } from "../clock-probe.ts";
import type { StudyDeps } from "./deps.ts";
import { ofAgent } from "../../domain/of-agent.ts";

const ANSWER_MS = 5_000;
/** The agent also looks at each raw disk of its file. */
const EXAMINE_MS = 15_000;

/**
 * Once, before a study begins, what every run of it would otherwise fail of. Throws `refused` with all that was found: agents
 * that do not answer, are of another version, or cannot do their part. Warns of clocks that are too far away.
 */
export async function lookAtAgents(
  channels: Channels,
  specs: readonly RunSpec[],
  { lab, version, signal, emit, placeOf }: Pick<StudyDeps, "lab" | "version" | "signal" | "emit" | "placeOf">,
): Promise<void> {
  const looks = [
    ...agentsOf(specs).map((agent) => look(agent)),
    ...targetsOf(specs, lab).map((target) => lookAtTarget(target)),
  ];
  // A target that observes is looked at as both.
  const problems = new Set((await Promise.all(looks)).flat());
  if (problems.size > 0) throw new SalvoError("refused", [...problems].join("\n"), { remedy: "Nothing was started" });

  async function lookAtTarget(target: LabAgent): Promise<string[]> {
    try {
      const { agent } = await channels.describe(expectedOf(target), { deadlineMs: ANSWER_MS, signal });
      const problem = agent && versionProblem(agent, version);
      if (problem !== undefined) return [problem];
      return agent?.roles.includes(Role.TARGET) ? [] : [`${target.id}: the agent does not serve the role target`];
    } catch (error) {
      const known = toSalvoError(error);
      if (signal.aborted || known.kind === "internal") throw error;
      return [ofAgent(target.id, known.describe())];
    }
  }

  async function look(agent: RunAgent): Promise<string[]> {
    const client = clientOf(channels, agent);
    try {
      const options = { deadlineMs: EXAMINE_MS, signal };
      const answer = await channels.describe(expectedInRun(agent), options, { examineDevices: true });
      const mine = specs.filter(({ agents }) => agents.some(({ id }) => id === agent.id));
      const problems = whyUnfit(answer, agent.id, mine, version, { storageIsMade: false, ...(placeOf && { placeOf }) });
      if (problems.length > 0) return problems.map((text) => ofAgent(agent.id, text));
      const { boundNs } = await probeClock(client, systemClock, { signal });
      const warning = clockWarning(agent.id, boundNs, CLOCK_BOUND_MS_MAX);
      if (warning !== undefined) emit({ type: "warning", text: warning });
      return [];
    } catch (error) {
      const known = toSalvoError(error);
      if (signal.aborted || known.kind === "internal") throw error;
      return [ofAgent(agent.id, known.describe())];
    }
  }
}

/** Agents that are to make storage, and take part in nothing themselves. */
function targetsOf(specs: readonly RunSpec[], lab: Lab): LabAgent[] {
  const wanted = new Set(specs.flatMap(({ storage }) => storage?.wanted?.target ?? []));
  return lab.agents.filter(({ id }) => wanted.has(id));
}

/** Which of a run's agents do not answer. */
export async function unreachableAgents(channels: Channels, spec: RunSpec, signal: AbortSignal): Promise<string[]> {
  const answers = await Promise.all(spec.agents.map((agent) => isReachable(channels, agent, signal)));
  return spec.agents.flatMap(({ id }, index) => (answers[index] ? [] : [id]));
}

async function isReachable(channels: Channels, agent: RunAgent, signal: AbortSignal): Promise<boolean> {
  try {
    await clientOf(channels, agent).describe({}, { deadlineMs: ANSWER_MS, signal });
    return true;
  } catch (error) {
    const { kind } = toSalvoError(error);
    return kind !== "unavailable" && kind !== "timeout"; // it answered, whatever it said
  }
}

function clientOf(channels: Channels, agent: RunAgent) {
  return channels.client(expectedInRun(agent));
}

function agentsOf(specs: readonly RunSpec[]): RunAgent[] {
  return [...new Map(specs.flatMap(({ agents }) => agents).map((agent) => [agent.id, agent])).values()];
}

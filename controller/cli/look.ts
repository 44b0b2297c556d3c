import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import type { RunAgent, RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { CLOCK_BOUND_MS_MAX, clockWarning, preflight, versionProblem } from "../domain/preflight.ts";
import type { DevicePlaceOf } from "../domain/study-places.ts";
import { probeClock } from "../service/clock-probe.ts";
import { type Channels, type ExpectedAgent, expectedOf } from "../service/channels.ts";
import { VERSION } from "./version.ts";

const ANSWER_MS = 5_000;

export interface LookOptions {
  /** For the targets of scenarios; without it, none have storage. */
  readonly lab?: Lab;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly version?: string;
  /** Where the study names a device. */
  readonly placeOf?: DevicePlaceOf;
}

/**
 * Once, before a study begins, what every run of it would otherwise fail of. Throws `refused` with all that was found: agents
 * that do not answer, are of another version, or cannot do their part. Says which clocks are too far away.
 */
export async function lookAtAgents(
  channels: Channels,
  specs: readonly RunSpec[],
  { lab, say, signal, version = VERSION, placeOf }: LookOptions,
): Promise<void> {
  const targets = lab ? targetsOf(specs, lab).map((target) => lookAtTarget(target)) : [];
  const found = await Promise.all([...agentsOf(specs).map((agent) => look(agent)), ...targets]);
  const problems = found.flat();
  if (problems.length > 0) throw new SalvoError("refused", problems.join("\n"), { remedy: "Nothing was started" });

  async function lookAtTarget(target: LabAgent): Promise<string[]> {
    try {
      const { agent } = await channels.describe(expectedOf(target), { deadlineMs: ANSWER_MS, signal });
      const problem = agent && versionProblem(agent, version);
      if (problem !== undefined) return [problem];
      return agent?.roles.includes(Role.TARGET) ? [] : [`${target.id}: the agent does not serve the role target`];
    } catch (error) {
      const known = toSalvoError(error);
      if (signal.aborted || known.kind === "internal") throw error;
      return [`${target.id}: ${known.describe()}`];
    }
  }

  async function look(agent: RunAgent): Promise<string[]> {
    const client = clientOf(channels, agent);
    try {
      const { agent: description, runs } = await channels.describe(expected(agent), { deadlineMs: ANSWER_MS, signal });
      if (!description) return [`${agent.id}: the agent does not say who it is`];
      const problem = versionProblem(description, version);
      if (problem !== undefined) return [problem];
      const each = specs
        .filter(({ agents }) => agents.some(({ id }) => id === agent.id))
        .flatMap((spec) =>
          preflight(spec, agent.id, description, runs, { storageIsMade: false, ...(placeOf && { placeOf }) }),
        );
      if (each.length > 0) return [...new Set(each)].map((text) => `${agent.id}: ${text}`);
      const { boundNs } = await probeClock(client, systemClock, { signal });
      const warning = clockWarning(agent.id, boundNs, CLOCK_BOUND_MS_MAX);
      if (warning !== undefined) say(`warning: ${warning}`);
      return [];
    } catch (error) {
      const known = toSalvoError(error);
      if (signal.aborted || known.kind === "internal") throw error;
      return [`${agent.id}: ${known.describe()}`];
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
  return channels.client(expected(agent));
}

function expected({ id, address }: RunAgent): ExpectedAgent {
  return { id, address, roles: ["workload"] };
}

function agentsOf(specs: readonly RunSpec[]): RunAgent[] {
  return [...new Map(specs.flatMap(({ agents }) => agents).map((agent) => [agent.id, agent])).values()];
}

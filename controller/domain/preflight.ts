import type { AgentDescription, DescribeResponse, RunStatus } from "@salvo/proto/agent_pb.ts";
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { formatQuantity } from "@salvo/shared/config/quantity.ts";
import { RESERVED_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { blockSizesOf } from "@salvo/shared/fio/block-mix.ts";
import { renderJob } from "@salvo/shared/fio/job.ts";
import { fioSystemOf } from "@salvo/shared/fio/system.ts";
import type { Workload } from "@salvo/proto/workload_pb.ts";
import { parseFioVersion, requireFioVersion } from "@salvo/shared/fio/version.ts";
import { isObserver } from "./observer.ts";
import { limitProblems } from "./fio-limits.ts";
import type { DevicePlaceOf } from "./study-places.ts";

export interface PreflightOptions {
  /** Not so before a study begins whose scenarios make their storage. */
  readonly storageIsMade?: boolean;
  /** Where the study names a device; without it nobody knows. */
  readonly placeOf?: DevicePlaceOf;
  /** By device name: why the agent's disk guard says no. Empty where the agent was not asked. */
  readonly deviceProblems?: DescribeResponse["deviceProblems"];
}

/**
 * Why the agent that was asked as `id` cannot take its part in a run, each with what to do about it; empty when it can.
 * What can be known before anything is started is said before anything is started.
 */
export function preflight(
  spec: RunSpec,
  id: string,
  agent: AgentDescription,
  runs: readonly RunStatus[],
  { storageIsMade = true, placeOf = () => undefined, deviceProblems: refused = {} }: PreflightOptions = {},
): string[] {
  const planned = spec.agents.find((each) => each.id === id);
  if (agent.id !== id) {
    const address = planned?.address ?? "its address";
    return [`at ${address} answers an agent that calls itself ${agent.id}; correct id or address in the lab file`];
  }
  // It is asked for no I/O: whatever it can sample it does.
  if (planned && isObserver(planned)) return activity(runs);
  const toCome = spec.storage && !storageIsMade ? spec.storage.wanted : undefined;
  return [
    ...roles(agent),
    ...activity(runs),
    ...fio(agent),
    ...limitProblems(spec, agent),
    ...(toCome ? freshLuns(toCome.target, agent) : devices(spec, agent, placeOf, refused)),
  ];
}

/**
 * All that keeps the agent that was asked as `id` from its part in these runs, as its answer shows, each once. Asked once before a
 * study, of all its runs, and by each run again, of what it has to ask anyway (docs/decisions/0031).
 */
export function whyUnfit(
  {
    agent,
    runs,
    deviceProblems = {},
  }: Pick<DescribeResponse, "agent" | "runs"> & Pick<PreflightOptions, "deviceProblems">,
  id: string,
  specs: readonly RunSpec[],
  version: string,
  options?: Omit<PreflightOptions, "deviceProblems">,
): string[] {
  if (!agent) return ["the agent does not say who it is"];
  const problem = versionProblem(agent, version);
  if (problem !== undefined) return [problem];
  return [...new Set(specs.flatMap((spec) => preflight(spec, id, agent, runs, { ...options, deviceProblems })))];
}

/** Of devices that will be made by the guest itself: whether they may be. */
function freshLuns(target: string, agent: AgentDescription): string[] {
  const problems: string[] = [];
  if (!agent.roles.includes(Role.INITIATOR)) problems.push("the agent does not serve the role initiator");
  if (!agent.lunsOf.includes(target))
    problems.push(
      `runs may not write to LUNs that ${target} makes: write lunsOf: [${target}] into the agent's own file`,
    );
  return problems;
}

function roles(agent: AgentDescription): string[] {
  return agent.roles.includes(Role.WORKLOAD) ? [] : ["the agent does not have the role workload"];
}

function activity(runs: readonly RunStatus[]): string[] {
  return runs
    .filter(({ phase }) => phase !== RunPhase.ENDED)
    .map(({ run }) => `the agent is in use by run ${run}; wait for it, or end the controller that drives it`);
}

function fio(agent: AgentDescription): string[] {
  if (!agent.fio) return ["the agent says nothing about its fio"];
  if (agent.fio.problem) return [agent.fio.problem];
  const { version } = agent.fio;
  return problemsOf(() => requireFioVersion(parseFioVersion(version)));
}

/** Of the place of a job only the device is known before a run. */
const NO_PLACE = { runtimeMs: 1, gate: ":" } as const;

/** What a check throws, in words. */
function problemsOf(check: () => void): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [toSalvoError(error).describe()];
  }
}

function devices(
  spec: RunSpec,
  agent: AgentDescription,
  placeOf: DevicePlaceOf,
  refused: DescribeResponse["deviceProblems"],
): string[] {
  const { workload } = spec;
  if (!workload) return ["the run has no workload"];
  return spec.participants
    .filter((participant) => participant.agent === agent.id)
    .flatMap(({ device: name }) => {
      const place = placeOf(spec.scenario, agent.id, name);
      const guards = refused[name] === undefined ? [] : [`runs may not write to ${refused[name]}`];
      return [...deviceProblems(name, spec, workload, agent), ...guards].map((text) =>
        place === undefined ? text : `${place}: ${text}`,
      );
    });
}

function deviceProblems(name: string, spec: RunSpec, workload: Workload, agent: AgentDescription): string[] {
  const device = agent.devices.find((listed) => listed.name === name);
  if (!device) {
    const listed = agent.devices.map((each) => each.name).join(", ") || "none";
    return [`device ${name} is not listed in the agent's own file (listed: ${listed})`];
  }
  if (!agent.deviceHashes[name]) return [`the agent does not say how to recognize device ${name}`];
  const system = fioSystemOf(agent.host);
  const place = {
    ...NO_PLACE,
    system,
    // Where a raw disk will be is known when it is armed.
    file: device.disk ? system.someDisk : device.path,
    deviceBytes: device.sizeBytes,
    // What was made for the scenario bears no label, and is used whole.
    reservedBytes: device.disk && !spec.storage ? RESERVED_BYTES : 0n,
  };
  return [...cutSectors(name, workload, agent), ...problemsOf(() => renderJob(workload, place))];
}

/** A disk takes whole sectors. fio would say so once all agents are armed, and in its own words. */
function cutSectors(device: string, workload: Workload, agent: AgentDescription): string[] {
  const sectorBytes = BigInt(agent.deviceSectorBytes[device] ?? 1);
  const cut = blockSizesOf(workload).find((bytes) => bytes % sectorBytes !== 0n);
  if (cut === undefined) return [];
  const [blocks, sectors] = [cut, sectorBytes].map((bytes) => formatQuantity(bytes, Unit.BYTES));
  return [
    `blocks of workload ${workload.name} are ${blocks}, and device ${device} takes whole sectors of ${sectors}; give the workload a blockSize that is a multiple of ${sectors}`,
  ];
}

/** Agent and controller are one program in two parts: of another version nobody knows what it means by what it says. */
export function versionProblem(agent: AgentDescription, version: string): string | undefined {
  if (agent.version === version) return undefined;
  return `agent ${agent.id} is version ${agent.version || "unknown"}, the controller ${version}; deploy the same`;
}

/**
 * Half of what the proof of a start may leave open (docs/decisions/0023): clocks known less well say little about what was
 * simultaneous. On a quiet network it is 0.1 ms; where processors are emulated some 2 ms.
 */
export const CLOCK_BOUND_MS_MAX = 5;

/** Before anything is measured: with such a clock no run can be complete. */
export function clockWarning(agent: string, boundNs: bigint, limitMs: number): string | undefined {
  const ms = Number(boundNs) / 1e6;
  if (ms <= limitMs) return undefined;
  return `the clock of ${agent} is known to ${ms.toFixed(1)} ms only, over the limit of ${limitMs} ms: runs in which it is a participant will be degraded; look for a slow or busy network`;
}

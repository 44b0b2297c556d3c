import { clone, create } from "@bufbuild/protobuf";
import { type Lab, type LabAgent, ObserverLoss, Role } from "@salvo/proto/lab_pb.ts";
import { RunAgentSchema, RunParticipantSchema, type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Layout, Order, type Scenario, type ScenarioStorage, type Study, StudySchema } from "@salvo/proto/study_pb.ts";
import { Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { type Workload, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { isNvme, nvmeDepths, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { formatQuantity } from "@salvo/shared/config/quantity.ts";
import { checkMessage, listViolations, type Violation } from "@salvo/shared/config/rules.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { attachViolations } from "./attach.ts";
import { cutSectors } from "./block-size.ts";
import { matchesGlob } from "./glob.ts";
import { guestProblem, guestsOf, isGiven } from "./guests.ts";
import { observersOf, observeViolations } from "./observed.ts";
import { inOrder } from "./order.ts";
import { participantsOf } from "./scenario-storage.ts";
import { seedOf } from "./seeds.ts";
import { suggestion } from "./suggestion.ts";
import { thresholdViolations } from "./threshold-violations.ts";
import { workloadNotes, workloadViolations } from "./workload-violations.ts";

/** A study of more runs is a mistake: at ten seconds each these take a day. */
const RUNS_MAX = 10_000;

/** One cell of the matrix; repeats count from 1. */
export interface Cell {
  readonly scenario: Scenario;
  readonly workload: Workload;
  readonly repeat: number;
}

export interface Plan {
  readonly study: Study;
  readonly lab: Lab;
  /** SCENARIO/WORKLOAD, each with * and ?; without a slash it is the scenario. */
  readonly only?: string | undefined;
  /** Instead of each workload's duration. */
  readonly seconds?: number | undefined;
  /** Instead of the study's. */
  readonly repeats?: number | undefined;
  /** Random numbers of the whole study: two studies that are alike do not take the same blocks. 0: all runs take the same. */
  readonly seed?: number;
  /** Called once for each run, in order; every id must be new. */
  readonly newRunId: (cell: Cell) => string;
  /** Makes the error for what is wrong with the study: of one that was read from a file, with its places there. */
  readonly refuse?: (violations: readonly Violation[]) => SalvoError;
}

/**
 * All runs of a study on a lab, in the order in which to run them: every cell once, then every cell again. The cells of a scenario
 * run one after another. Hosts warm up, fill and throttle over hours. The repeats of a cell are spread over the whole time, so this
 * drift widens the spread of all cells. It does not make the cells that ran late look worse.
 *
 * Throws invalid-input: the study does not fit the lab (checkStudy tells the places), `only` matches nothing, too many runs.
 */
export function planRuns(plan: Plan): RunSpec[] {
  const violations = checkStudy(plan.study, plan.lab);
  if (violations.length > 0 && plan.refuse) throw plan.refuse(violations);
  if (violations.length > 0)
    throw new SalvoError("invalid-input", `study ${plan.study.name} cannot run: ${listViolations(violations)}`);

  const study = override(plan);
  const cells = selectCells(study, plan.only);
  if (cells.length * study.repeats > RUNS_MAX) {
    throw new SalvoError("invalid-input", `study ${study.name} has ${cells.length * study.repeats} runs`, {
      remedy: `At most ${RUNS_MAX} run at once: choose some of them with --only, or fewer --repeats.`,
    });
  }
  const ids = new Set<string>();
  const shuffleSeed = study.order === Order.WRITTEN ? 0 : (plan.seed ?? 0);
  const specs = Array.from({ length: study.repeats }, (_, index) => index + 1).flatMap((repeat) =>
    inOrder(cells, repeat, shuffleSeed).map(({ scenario, workload }) => {
      const run = plan.newRunId({ scenario, workload, repeat });
      assert(!ids.has(run), `run id ${run} is new`);
      ids.add(run);
      return specOf({ scenario, workload, repeat }, run, study, plan);
    }),
  );
  for (const [index, spec] of specs.entries()) Object.assign(spec, { number: index + 1, planned: specs.length });
  return specs;
}

/** Runs one after another that share their scenario's storage: what is made for the first goes after the last. */
export function storageGroups(specs: readonly RunSpec[]): RunSpec[][] {
  const groups: RunSpec[][] = [];
  for (const spec of specs) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group && before?.scenario === spec.scenario && before.repeat === spec.repeat) group.push(spec);
    else groups.push([spec]);
  }
  return groups;
}

/** What is wrong with a study, and with it on this lab. Paths lead into the study: `scenarios[0].participants[1].agent`. */
export function checkStudy(study: Study, lab: Lab): Violation[] {
  const agents = new Map(lab.agents.map((agent) => [agent.id, agent]));
  const agentProblem = (id: string): string | undefined => {
    const agent = agents.get(id);
    if (!agent) return `is ${id}, which lab ${lab.name} does not have${suggestion(id, [...agents.keys()])}`;
    if (!agent.roles.includes(Role.WORKLOAD))
      return `is ${id}, which does not have the role workload in lab ${lab.name}`;
    return undefined;
  };

  const found = [
    ...checkMessage(StudySchema, study),
    ...cutIntervals(study),
    ...cutSectors(study),
    ...workloadViolations(study),
    ...thresholdViolations(study),
  ];
  for (const [scenarioIndex, scenario] of study.scenarios.entries()) {
    found.push(...storageViolations(scenario, `scenarios[${scenarioIndex}]`, lab));
    found.push(...observeViolations(scenario, `scenarios[${scenarioIndex}].observe`, lab));
    const firstWith = new Map<string, number>();
    for (const [index, { agent, device }] of scenario.participants.entries()) {
      if (agent === "" || device === "") continue; // said by the rules
      const path = `scenarios[${scenarioIndex}].participants[${index}]`;
      const problem = agentProblem(agent);
      if (problem) found.push({ path: `${path}.agent`, message: problem });
      const id = participantId(agent, device);
      const first = firstWith.get(id);
      if (first === undefined) firstWith.set(id, index);
      else
        found.push({
          path: `${path}.device`,
          message: `is ${device} on agent ${agent}, as in entry ${first + 1}: one device takes one fio process`,
        });
    }
  }
  return found;
}

/** Of a scenario's storage on this lab; and a scenario has either participants or that. */
function storageViolations({ storage, participants }: Scenario, path: string, lab: Lab): Violation[] {
  if (!storage) {
    if (participants.length > 0) return [];
    return [{ path, message: "needs participants, or storage whose guests take part" }];
  }
  const at = `${path}.storage`;
  const found: Violation[] = [];
  const say = (key: string, message: string) => found.push({ path: `${at}.${key}`, message });
  if (participants.length > 0)
    found.push({
      path: `${path}.participants`,
      message: "must be left out where there is storage: its guests take part",
    });
  const known = lab.agents.map(({ id }) => id);
  const isLocal = storage.transport === Transport.LOCAL;
  const target = lab.agents.find(({ id }) => id === storage.target);
  if (!target)
    say("target", `is ${storage.target}, which lab ${lab.name} does not have${suggestion(storage.target, known)}`);
  else if (!target.roles.includes(Role.TARGET))
    say("target", `is ${storage.target}, which does not have the role target in lab ${lab.name}`);
  else if (!isLocal && target.storageAddresses.length === 0)
    say(
      "target",
      `is ${storage.target}, of which lab ${lab.name} does not say where its portals are: storageAddresses`,
    );
  for (const [index, id] of storage.guests.entries()) {
    const guest = lab.agents.find((agent) => agent.id === id);
    const key = `guests[${index}]`;
    const problem = guest && guestProblem(guest, storage, lab);
    if (!guest) say(key, `is ${id}, which lab ${lab.name} does not have${suggestion(id, known)}`);
    else if (problem !== undefined) say(key, problem);
    if (storage.guests.indexOf(id) < index) say(key, `is ${id}, as before`);
  }
  found.push(...attachViolations(storage, at, lab));
  if (found.length === 0 && guestsOf(storage, lab).length === 0) {
    const wanted = isGiven(storage)
      ? "with the role workload and a hypervisor of the roles hypervisor and initiator"
      : "with the roles workload and initiator";
    say("guests", `are none: lab ${lab.name} has no agent ${wanted} for it`);
  }
  if (storage.chap && (isLocal || isNvme(storage.transport))) say("chap", "works only with iscsi and iser");
  const depth = storage.queueDepth;
  const depths = nvmeDepths(storage.transport);
  if (isNvme(storage.transport) && depth > 0 && (depth < depths.min || depth > depths.max))
    say("queueDepth", `of ${transportName(storage.transport)} must be ${depths.min} to ${depths.max}`);
  const luns = (storage.layout === Layout.SHARED_LUN ? 1 : guestsOf(storage, lab).length) * storage.luns;
  if (luns > LUNS_MAX) say("luns", `makes ${luns} of them in all; one target takes ${LUNS_MAX}`);
  found.push(...volumeViolations(storage, `${at}.volume`));
  return found;
}

function volumeViolations({ volume, transport }: ScenarioStorage, at: string): Violation[] {
  if (!volume) return []; // said by the rules
  const { kind, sizeBytes, sectorBytes, thin } = volume;
  const isRam = kind === VolumeKind.RAM;
  const wholes = isRam && isNvme(transport) ? 2n ** 20n : 4096n;
  const wrong: readonly (readonly [key: string, message: string | false])[] = [
    ["kind", kind === VolumeKind.DISK && "cannot be disk: a scenario makes what it uses"],
    ["sectorBytes", sectorBytes !== 512 && sectorBytes !== 4096 && "must be 512B or 4KiB"],
    ["thin", thin && isRam && "cannot be had of RAM: a target gives no memory back"],
    ["sizeBytes", sizeBytes % wholes !== 0n && `must be a multiple of ${formatQuantity(wholes, Unit.BYTES)}`],
  ];
  return wrong.flatMap(([key, message]) => (message === false ? [] : [{ path: `${at}.${key}`, message }]));
}

/** Of a target, and of its volumes: storage.proto. */
const LUNS_MAX = 256;

/** A sample is a whole interval: what is left over would be measured and shown nowhere. */
function cutIntervals({ workloads, intervalMs }: Study): Violation[] {
  const isCut = (ms: number) => intervalMs > 0 && ms % intervalMs !== 0;
  return workloads.flatMap(({ rampMs, durationMs }, index) =>
    (["ramp", "duration"] as const)
      .filter((key) => isCut(key === "ramp" ? rampMs : durationMs))
      .map((key) => ({
        path: `workloads[${index}].${key}Ms`,
        message: `must be a whole number of sampling intervals of ${formatQuantity(BigInt(intervalMs), Unit.MILLISECONDS)}`,
      })),
  );
}

function participantId(agent: string, device: string): string {
  return `${agent}.${device}`;
}

/** The study with --seconds and --repeats in it. */
function override({ study, seconds, repeats }: Plan): Study {
  const changed = clone(StudySchema, study);
  if (repeats !== undefined) changed.repeats = repeats;
  if (seconds !== undefined) for (const workload of changed.workloads) workload.durationMs = Math.round(seconds * 1000);
  const [violation] = [...checkMessage(StudySchema, changed), ...cutIntervals(changed)];
  if (!violation) return changed;
  const flag = violation.path === "repeats" ? "--repeats" : "--seconds";
  throw new SalvoError("invalid-input", `${flag} ${violation.message}`);
}

function selectCells(study: Study, only: string | undefined): Omit<Cell, "repeat">[] {
  const cells = study.scenarios.flatMap((scenario) => study.workloads.map((workload) => ({ scenario, workload })));
  if (only === undefined) return cells;
  const [scenarios = "*", workloads = "*", ...rest] = only.split("/").map((part) => part || "*");
  const chosen = cells.filter(
    ({ scenario, workload }) => matchesGlob(scenarios, scenario.name) && matchesGlob(workloads, workload.name),
  );
  if (rest.length === 0 && chosen.length > 0) return chosen;

  const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name).join(", ");
  throw new SalvoError("invalid-input", `nothing in study ${study.name} matches --only ${only}`, {
    remedy: `Give SCENARIO/WORKLOAD, with * and ? in either. Scenarios: ${names(study.scenarios)}. Workloads: ${names(study.workloads)}.`,
  });
}

function specOf({ scenario, workload, repeat }: Cell, run: string, study: Study, plan: Plan): RunSpec {
  const { lab } = plan;
  const seed = plan.seed ? seedOf(plan.seed, repeat) : 0;
  const { storage } = scenario;
  const participants = storage ? participantsOf(storage, lab) : scenario.participants;
  const used = new Set(participants.map(({ agent }) => agent));
  const observers = observersOf(scenario, lab);
  return create(RunSpecSchema, {
    run,
    lab: lab.name,
    study: study.name,
    scenario: scenario.name,
    repeat,
    workload: clone(WorkloadSchema, workload),
    intervalMs: study.intervalMs,
    singleRecords: lab.singleRecords,
    seed,
    studySeed: plan.seed ?? 0,
    studyDescription: study.description,
    thresholds: study.thresholds,
    scenarioDescription: scenario.description,
    notes: workloadNotes(workload, study.intervalMs),
    agents: lab.agents
      .filter(({ id }) => used.has(id) || observers.has(id))
      .map((agent) => create(RunAgentSchema, runAgent(agent, observers.has(agent.id)))),
    participants: participants.map(({ agent, device }) =>
      create(RunParticipantSchema, { id: participantId(agent, device), agent, device }),
    ),
    ...(storage && { storage: { wanted: storage } }),
  });
}

function runAgent({ id, address, onLoss, onObserverLoss, roles, lostAfterMs }: LabAgent, isObserver: boolean) {
  const observer = onObserverLoss === ObserverLoss.UNSPECIFIED ? ObserverLoss.DEGRADE : onObserverLoss;
  return { id, address, onLoss, lostAfterMs, ...(isObserver && { observer, roles }) };
}

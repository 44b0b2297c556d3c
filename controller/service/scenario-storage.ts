/** Makes the storage of a scenario, attaches its guests, and takes it all away again. */
import { create } from "@bufbuild/protobuf";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { type Lab, type LabAgent, LabSchema } from "@salvo/proto/lab_pb.ts";
import type { PathCheck } from "@salvo/proto/path_pb.ts";
import {
  AttachedAgentSchema,
  type AttachedAgent,
  type RunSpec,
  type RunStorage,
  RunStorageSchema,
} from "@salvo/proto/run_pb.ts";
import { InitiatorSpecSchema, type Plan, TargetSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import type { ScenarioStorage } from "@salvo/proto/study_pb.ts";
import { type ExportedLun, TargetService } from "@salvo/proto/target_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { describeCheck } from "../domain/path-checks.ts";
import { exportedOf, guestsOf, type InitiatorNames, planStorage, transportName } from "../domain/scenario-storage.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, expectedOf } from "./channels.ts";
import { checkPaths } from "./path-checks.ts";
import {
  applyPlan,
  initiatorHost,
  initiatorSpec,
  onHost,
  type StorageHost,
  targetHost,
  targetSpec,
} from "./storage.ts";

export interface ScenarioDeps {
  readonly lab: Lab;
  readonly identities: AuditedLab;
  readonly channels: Channels;
  /** Of a few letters and digits, new each time. */
  readonly newTag: () => string;
  /** A line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOOK_MS = 30_000;
/** Taking away is done also after the person has stopped the study. */
const TAKE_DOWN_MS = 120_000;

/**
 * What runs of the scenario are to be told of their storage, when all of it is there. Throws at what fails, and has tried to take
 * away what was made by then. Throws `refused`, with nothing done, where something else is still to be done for the lab file:
 * that people do themselves, with `salvo lab apply`, which asks them.
 */
export async function setUpStorage({ scenario, storage }: RunSpec, deps: ScenarioDeps): Promise<RunStorage> {
  const wanted = storage?.wanted;
  if (!wanted) throw new SalvoError("internal", `scenario ${scenario} has no storage to set up`);
  const { lab } = deps;
  const { guests, target } = hostsBefore(wanted, lab, deps);
  await Promise.all([...guests, target].map(expectDone));
  try {
    return await make(scenario, wanted, deps);
  } catch (error) {
    const before = create(RunStorageSchema, { wanted, ...(lab.storage && { before: lab.storage }) });
    await takeDownStorage(scenario, before, deps);
    throw error;
  }
}

/** As the lab file alone has them. */
function hostsBefore(
  wanted: ScenarioStorage,
  lab: Lab,
  { channels }: ScenarioDeps,
): { readonly guests: readonly StorageHost[]; readonly target: StorageHost } {
  const target = agentOf(wanted.target, lab);
  return {
    guests: guestsOf(wanted, lab).map((guest) => initiatorHost(guest, initiatorSpec(lab, guest.id), channels)),
    target: targetHost(target, targetSpec(lab, target.id), channels),
  };
}

async function expectDone(host: StorageHost): Promise<void> {
  const { steps } = await onHost(host, host.plan());
  const [first] = steps;
  if (first)
    throw new SalvoError(
      "refused",
      `its ${host.role} is not as the lab file says: ${steps.length} steps, first: ${first.text}`,
      {
        host: host.agent.id,
        remedy: "An earlier study may have left it so. Look, and do it: salvo lab plan, salvo lab apply",
      },
    );
}

async function make(scenario: string, wanted: ScenarioStorage, deps: ScenarioDeps): Promise<RunStorage> {
  const { lab, channels, newTag, say } = deps;
  const guests = guestsOf(wanted, lab);
  const names = new Map(
    await Promise.all(guests.map(async (guest) => [guest.id, await namesOf(guest, wanted, channels)] as const)),
  );
  const planned = planStorage(scenario, wanted, lab, { tag: newTag(), names });
  const target = agentOf(wanted.target, lab);
  say(`${scenario}: making ${planned.target.volumes.length} LUNs on ${target.id}, ${transportName(wanted.transport)}`);
  const own = targetSpec(lab, target.id);
  const spec = create(TargetSpecSchema, {
    volumes: [...own.volumes, ...planned.target.volumes],
    exports: [...own.exports, ...planned.target.exports],
  });
  await bring(targetHost(target, spec, channels), deps);

  const exported = exportedOf(planned, await exportedBy(target, channels));
  if (exported.length !== planned.target.volumes.length)
    throw new SalvoError(
      "program-failed",
      `it tells of ${exported.length} LUNs, not ${planned.target.volumes.length}`,
      {
        host: target.id,
      },
    );
  const checks = wanted.transport === Transport.LOCAL ? [] : await lookAtPaths(target, guests, wanted, deps);

  say(`${scenario}: attaching ${guests.map(({ id }) => id).join(", ")}`);
  const attached = await Promise.all(
    guests.map(async (guest) => {
      const own = initiatorSpec(lab, guest.id);
      const { attachments } = planned.guest(guest.id, exported);
      const spec = create(InitiatorSpecSchema, { attachments: [...own.attachments, ...attachments] });
      await bring(initiatorHost(guest, spec, channels), deps);
      return onHost(
        { agent: guest },
        attachedTo(guest, new Set(attachments.map((each) => each.target)), wanted, channels),
      );
    }),
  );
  return create(RunStorageSchema, { wanted, exported, attached, checks, ...(lab.storage && { before: lab.storage }) });
}

/**
 * Everything is again as the lab file had it before, whatever it says by now. Guests first, all of them, and then the target: what
 * cannot be taken away now is said, and does not keep the rest.
 */
export async function takeDownStorage(
  scenario: string,
  { wanted, before }: RunStorage,
  deps: ScenarioDeps,
): Promise<boolean> {
  const { say } = deps;
  if (!wanted) return true;
  const { storage: _, ...others } = deps.lab;
  const lab = create(LabSchema, { ...others, ...(before && { storage: before }) });
  const patient = { ...deps, signal: AbortSignal.timeout(TAKE_DOWN_MS) };
  const attempt = async (host: StorageHost): Promise<boolean> => {
    try {
      await bring(host, patient);
      return true;
    } catch (error) {
      const { id } = host.agent;
      say(`${scenario}: what was made on ${id} is still there: ${toSalvoError(error).describe()}`);
      return false;
    }
  };
  const { guests, target } = hostsBefore(wanted, lab, deps);
  const left = await Promise.all(guests.map(attempt));
  return (await attempt(target)) && left.every(Boolean);
}

async function bring(host: StorageHost, { identities, signal }: ScenarioDeps): Promise<void> {
  const plan: Plan = await onHost(host, host.plan());
  if (plan.steps.length === 0) return;
  await applyPlan(host, plan, { lab: identities, what: "run: storage", signal });
}

function agentOf(id: string, lab: Lab): LabAgent {
  const found = lab.agents.find((agent) => agent.id === id);
  if (found) return found;
  throw new SalvoError("internal", `agent ${id} was looked for before`);
}

/** Throws `refused` for a host that has no name for this transport. */
async function namesOf(guest: LabAgent, { transport }: ScenarioStorage, channels: Channels): Promise<InitiatorNames> {
  const { id } = guest;
  const client = channels.clientOf(InitiatorService, expectedOf(guest));
  const names = await onHost({ agent: guest }, client.inspect({}, { deadlineMs: LOOK_MS }));
  const isNvme = transport === Transport.NVME_TCP || transport === Transport.NVME_RDMA;
  if (isNvme && names.hostNqn === "")
    throw new SalvoError("refused", "this host has no name for NVMe over fabrics", {
      host: id,
      file: "/etc/nvme/hostnqn",
      remedy: "Type there: nvme gen-hostnqn > /etc/nvme/hostnqn",
    });
  return names;
}

async function exportedBy(target: LabAgent, channels: Channels): Promise<ExportedLun[]> {
  const client = channels.clientOf(TargetService, expectedOf(target));
  return (await onHost({ agent: target }, client.inspect({}, { deadlineMs: LOOK_MS }))).luns;
}

/** Read back from the guest's own sessions. Throws when one of them is not what was asked for. */
async function attachedTo(
  guest: LabAgent,
  targets: ReadonlySet<string>,
  { transport }: ScenarioStorage,
  channels: Channels,
): Promise<AttachedAgent> {
  const { id } = guest;
  const client = channels.clientOf(InitiatorService, expectedOf(guest));
  const { luns } = await client.inspect({}, { deadlineMs: LOOK_MS });
  const mine = luns.filter(({ target }) => targets.has(target));
  const other = mine.find((lun) => lun.transport !== transport);
  if (other)
    throw new SalvoError(
      "program-failed",
      `${other.session} to ${other.target} is over ${transportName(other.transport)}, not ${transportName(transport)}`,
      { host: id },
    );
  return create(AttachedAgentSchema, { agent: id, luns: mine });
}

async function lookAtPaths(
  target: LabAgent,
  guests: readonly LabAgent[],
  { transport }: ScenarioStorage,
  { channels, say, signal }: ScenarioDeps,
): Promise<PathCheck[]> {
  const rdma = transport === Transport.ISER || transport === Transport.NVME_RDMA;
  return checkPaths({ target, guests, rdma }, { channels, signal, onCheck: (check) => say(describeCheck(check)) });
}

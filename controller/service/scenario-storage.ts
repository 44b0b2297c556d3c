/** Makes the storage of a scenario and attaches its guests. */
import { create } from "@bufbuild/protobuf";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import type { Lab, LabAgent } from "@salvo/proto/lab_pb.ts";
import type { PathCheck } from "@salvo/proto/path_pb.ts";
import {
  AttachedAgentSchema,
  type AttachedAgent,
  type RunSpec,
  type RunStorage,
  RunStorageSchema,
  StorageUnderWaySchema,
} from "@salvo/proto/run_pb.ts";
import { InitiatorSpecSchema, TargetSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import type { ScenarioStorage } from "@salvo/proto/study_pb.ts";
import { type ExportedLun, TargetService } from "@salvo/proto/target_pb.ts";
import { isNvme, isRdma, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { describeCheck } from "../domain/path-checks.ts";
import { exportedOf, guestsOf, type InitiatorNames, planStorage } from "../domain/scenario-storage.ts";
import { type Channels, expectedOf } from "./channels.ts";
import { checkPaths } from "./path-checks.ts";
import { apply, type ScenarioDeps, takeDownStorage } from "./storage-takedown.ts";
import { initiatorHost, initiatorSpec, onHost, type StorageHost, targetHost, targetSpec } from "./storage.ts";

const LOOK_MS = 30_000;
/** The storage of one scenario, there for its runs. */
export interface MadeStorage {
  /** What its runs are to be told. */
  readonly storage: RunStorage;
  /** False when something is left, which it has said. */
  takeDown(): Promise<boolean>;
}

/**
 * When all of it is there. Throws at what fails, and has tried to take away what was made by then. Throws `refused`, with nothing
 * done, where something else is still to be done for the lab file: that people do themselves, with `salvo lab apply`, which asks them.
 */
export async function setUpStorage({ scenario, storage }: RunSpec, deps: ScenarioDeps): Promise<MadeStorage> {
  const wanted = storage?.wanted;
  if (!wanted) throw new SalvoError("internal", `scenario ${scenario} has no storage to set up`);
  const { lab, records, channels } = deps;
  const { guests, target } = hostsBefore(wanted, lab, deps);
  for (const { agent } of [...guests, target]) await channels.renewWhenDue(expectedOf(agent), Date.now());
  await Promise.all([...guests, target].map(expectDone));
  const tag = await freeTag(deps);
  const underWay = create(StorageUnderWaySchema, { scenario, wanted, lab });
  await records.write(tag, underWay);
  const takeDown = () => takeDownStorage(tag, underWay, deps);
  try {
    return { storage: await make(scenario, wanted, tag, deps), takeDown };
  } catch (error) {
    await takeDown();
    throw error;
  }
}

async function freeTag({ records, newTag }: ScenarioDeps): Promise<string> {
  const taken = await records.list();
  let tag = newTag();
  while (taken.has(tag)) tag = newTag();
  return tag;
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
        remedy: "Another study may be at work: wait for it. Otherwise look, and do it: salvo lab plan, salvo lab apply",
      },
    );
}

async function make(scenario: string, wanted: ScenarioStorage, tag: string, deps: ScenarioDeps): Promise<RunStorage> {
  const { lab, channels, say } = deps;
  const guests = guestsOf(wanted, lab);
  const names = new Map(
    await Promise.all(guests.map(async (guest) => [guest.id, await namesOf(guest, channels)] as const)),
  );
  if (wanted.transport !== Transport.LOCAL) refuseNames(names, isNvme(wanted.transport));
  const planned = planStorage(scenario, wanted, lab, { tag, names });
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
  return create(RunStorageSchema, { wanted, exported, attached, checks });
}

async function bring(host: StorageHost, deps: ScenarioDeps): Promise<void> {
  const plan = await onHost(host, host.plan());
  if (plan.steps.length > 0) await apply(host, plan, deps);
}

function agentOf(id: string, lab: Lab): LabAgent {
  const found = lab.agents.find((agent) => agent.id === id);
  if (found) return found;
  throw new SalvoError("internal", `agent ${id} was looked for before`);
}

async function namesOf(guest: LabAgent, channels: Channels): Promise<InitiatorNames> {
  const client = channels.clientOf(InitiatorService, expectedOf(guest));
  return onHost({ agent: guest }, client.inspect({}, { deadlineMs: LOOK_MS }));
}

/** Throws `refused` for a host without a name, to which a target would be open for all, and for two with the same one. */
function refuseNames(names: ReadonlyMap<string, InitiatorNames>, nvme: boolean): void {
  const file = nvme ? "/etc/nvme/hostnqn" : "/etc/iscsi/initiatorname.iscsi";
  const remedy = nvme
    ? "Type there: nvme gen-hostnqn > /etc/nvme/hostnqn"
    : "Type there: echo InitiatorName=$(iscsi-iname) > /etc/iscsi/initiatorname.iscsi; systemctl restart iscsid";
  const byName = Map.groupBy([...names], ([, { initiator, hostNqn }]) => (nvme ? hostNqn : initiator));
  for (const [name, [first, second]] of byName) {
    const host = (second ?? first)?.[0] ?? "";
    if (name === "") throw new SalvoError("refused", "this host has no name as an initiator", { host, file, remedy });
    if (second)
      throw new SalvoError("refused", `as an initiator it has the same name as ${first?.[0]}: ${name}`, {
        host,
        file,
        remedy,
      });
  }
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
  return checkPaths(
    { target, guests, rdma: isRdma(transport) },
    { channels, signal, onCheck: (check) => say(describeCheck(check)) },
  );
}

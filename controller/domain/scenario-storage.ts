/** What a scenario's storage means for its target, its attachers and its guests. Pure. */
import { create } from "@bufbuild/protobuf";
import { type AwaitedDisk, AwaitedDiskSchema } from "@salvo/proto/disk_pb.ts";
import type { GivenDisk, InitiatorServiceInspectResponse } from "@salvo/proto/initiator_pb.ts";
import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import {
  type Attachment,
  AttachmentSchema,
  ExpectedLunSchema,
  type Export,
  ExportSchema,
  LunSchema,
  Multipath,
  type Portal,
  PortalSchema,
  TargetSpecSchema,
  Transport,
  type TargetSpec,
  type Volume,
  VolumeSchema,
} from "@salvo/proto/storage_pb.ts";
import { Layout, type ScenarioStorage, type ScenarioVolume } from "@salvo/proto/study_pb.ts";
import type { ExportedLun } from "@salvo/proto/target_pb.ts";
import { isNvme } from "@salvo/shared/agent/domain/provision/transports.ts";

/** The agent that attaches a guest's LUNs: the guest itself, or its hypervisor. */
export type AttacherOf = (guest: string) => string;

/** So it is as long as no lab says otherwise. */
export const attachesItself: AttacherOf = (guest) => guest;

/** The participants of its runs: what the guests know their LUNs as. */
export interface StorageParticipant {
  readonly agent: string;
  readonly device: string;
}

/** Those that the study names, or all that the lab has. */
export function guestsOf(storage: ScenarioStorage, lab: Lab, attacherOf = attachesItself): LabAgent[] {
  const { guests } = storage;
  if (guests.length > 0) return guests.flatMap((id) => lab.agents.find((agent) => agent.id === id) ?? []);
  return lab.agents.filter((agent) => guestProblem(agent, storage, lab, attacherOf) === undefined);
}

/** What a study that names the agent as a guest is told; undefined when it can be one. */
export function guestProblem(
  { id, roles }: LabAgent,
  { target, transport }: ScenarioStorage,
  lab: Lab,
  attacherOf = attachesItself,
): string | undefined {
  const attacher = attacherOf(id);
  const isInitiator = lab.agents.some((agent) => agent.id === attacher && agent.roles.includes(Role.INITIATOR));
  const isWorkload = roles.includes(Role.WORKLOAD);
  if (attacher === id && !(isWorkload && isInitiator))
    return `is ${id}, which does not have the roles workload and initiator in lab ${lab.name}`;
  if (!isWorkload) return `is ${id}, which does not have the role workload in lab ${lab.name}`;
  if (!isInitiator) return `is ${id}, whose attacher ${attacher} does not have the role initiator in lab ${lab.name}`;
  const isLocal = transport === Transport.LOCAL;
  if (isLocal === (attacher === target)) return undefined;
  return isLocal ? `is ${id}: only ${target} itself can reach local storage` : `is the target itself`;
}

/** Every attacher, with the guests whose LUNs it attaches. */
export function attachersOf(
  storage: ScenarioStorage,
  lab: Lab,
  attacherOf = attachesItself,
): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(
    guestsOf(storage, lab, attacherOf).map(({ id }) => id),
    attacherOf,
  );
}

export function participantsOf(storage: ScenarioStorage, lab: Lab, attacherOf = attachesItself): StorageParticipant[] {
  return guestsOf(storage, lab, attacherOf).flatMap(({ id }) => {
    // A hypervisor gives a guest one disk, whatever paths it has itself.
    const paths = attacherOf(id) === id ? separatePaths(storage, lab) : 1;
    return Array.from({ length: storage.luns }, (_, index) => deviceName(index)).flatMap((device) =>
      paths === 1
        ? [{ agent: id, device }]
        : Array.from({ length: paths }, (_, path) => ({ agent: id, device: `${device}-${path + 1}` })),
    );
  });
}

/** Disks of one LUN, where nothing makes one of them. NVMe does that by itself. */
function separatePaths({ transport, sessions, multipath, target }: ScenarioStorage, lab: Lab): number {
  if (multipath !== Multipath.NONE || isNvme(transport) || transport === Transport.LOCAL) return 1;
  return sessions * Math.max(1, addressesOf(target, lab).length);
}

export function addressesOf(agent: string, lab: Lab): readonly string[] {
  return lab.agents.find(({ id }) => id === agent)?.storageAddresses ?? [];
}

function deviceName(index: number): string {
  return `lun${index + 1}`;
}

/** By what an attacher logs in: InitiatorService/Inspect tells. */
export type InitiatorNames = Pick<InitiatorServiceInspectResponse, "initiator" | "hostNqn">;

export interface PlannedStorage {
  readonly target: TargetSpec;
  /** An attacher's part, once the target has told what it made. Throws nothing: what it did not make is not in it. */
  readonly attachments: (attacher: string, exported: readonly ExportedLun[]) => Attachment[];
  /**
   * Disks of a guest whose attacher is another agent. Without `reported`, and where the attacher has not reported one: by what the
   * guest will recognize it is not known yet.
   */
  readonly disks: (guest: string, exported: readonly ExportedLun[], reported?: readonly GivenDisk[]) => AwaitedDisk[];
}

/** A part of a name must be left for the numbers of volumes: those of RAM for NVMe have 24 characters. */
const SCENARIO_CHARS = 12;
const PORT = { iscsi: 3260, nvme: 4420 };

/** A LUN: who gets it, as what, and where it is. */
interface PlannedLun {
  readonly users: readonly string[];
  readonly device: string;
  readonly volume: string;
  readonly exported: string;
  readonly number: number;
}

export interface PlanOptions {
  /** Of a few letters and digits, never used before: what an earlier try left behind is other storage, and never taken for this. */
  readonly tag: string;
  /** Of every attacher. */
  readonly names: ReadonlyMap<string, InitiatorNames>;
  readonly attacherOf?: AttacherOf;
}

export function planStorage(
  scenario: string,
  storage: ScenarioStorage,
  lab: Lab,
  options: PlanOptions,
): PlannedStorage {
  const { attacherOf = attachesItself } = options;
  const { transport, volume } = storage;
  const luns = plannedLuns(scenario, storage, lab, options);
  const port = isNvme(transport) ? PORT.nvme : PORT.iscsi;
  const portals = (transport === Transport.LOCAL ? [] : addressesOf(storage.target, lab)).map((address) =>
    create(PortalSchema, { address, port }),
  );
  const exports = [...Map.groupBy(luns, ({ exported }) => exported)].map(([name, parts]) =>
    exportOf(name, parts, portals, storage, options),
  );
  return {
    target: create(TargetSpecSchema, { volumes: luns.map(({ volume: name }) => volumeOf(name, volume)), exports }),
    attachments: (attacher, exported) => {
      const mine = luns.flatMap((lun) => {
        const users = lun.users.filter((guest) => attacherOf(guest) === attacher);
        return users.length === 0 ? [] : [{ ...lun, users }];
      });
      return attachmentsTo(told(mine, exported), attacher, portals, storage);
    },
    disks: (guest, exported, reported = []) =>
      told(luns, exported)
        .filter(({ users }) => users.includes(guest))
        .map(({ device, lun: { target, number, sizeBytes } }) => {
          const isIt = (each: GivenDisk) => each.guest === guest && each.target === target && each.number === number;
          const { serial = "", wwn = "", sizeBytes: bytes = sizeBytes } = reported.find(isIt) ?? {};
          return create(AwaitedDiskSchema, { device, attacher: attacherOf(guest), sizeBytes: bytes, serial, wwn });
        }),
  };
}

function plannedLuns(
  scenario: string,
  storage: ScenarioStorage,
  lab: Lab,
  { tag, attacherOf }: PlanOptions,
): PlannedLun[] {
  const { layout, luns, transport } = storage;
  const base = `${scenario.slice(0, SCENARIO_CHARS)}-${tag}`;
  const guests = guestsOf(storage, lab, attacherOf).map(({ id }) => id);
  const shares = layout === Layout.SHARED_LUN ? [guests] : guests.map((id) => [id]);
  const perTarget = layout === Layout.TARGET_PER_GUEST;
  const first = isNvme(transport) ? 1 : 0;
  return shares.flatMap((users, share) =>
    Array.from({ length: luns }, (_, index) => ({
      users,
      device: deviceName(index),
      volume: `${base}-${share * luns + index + 1}`,
      exported: perTarget ? `${base}-${share + 1}` : base,
      number: first + (perTarget ? index : share * luns + index),
    })),
  );
}

/** Nobody but its attachers has any business with it. */
function exportOf(
  name: string,
  luns: readonly PlannedLun[],
  portals: Portal[],
  { transport, queueDepth, chap }: ScenarioStorage,
  { names, attacherOf = attachesItself }: PlanOptions,
): Export {
  const isLocal = transport === Transport.LOCAL;
  const attachers = new Set(luns.flatMap(({ users }) => users).map(attacherOf));
  const own = (id: string) => (isNvme(transport) ? names.get(id)?.hostNqn : names.get(id)?.initiator) ?? "";
  return create(ExportSchema, {
    name,
    transport,
    portals,
    luns: luns.map(({ number, volume }) => create(LunSchema, { number, volume })),
    initiators: isLocal ? [] : [...attachers].map(own).filter(Boolean),
    ...(!isNvme(transport) && !isLocal && { queueDepth, ...(chap && { chap }) }),
  });
}

interface ToldLun extends PlannedLun {
  readonly lun: ExportedLun;
}

/** Those of which the target has told. */
function told(luns: readonly PlannedLun[], exported: readonly ExportedLun[]): ToldLun[] {
  return luns.flatMap((plan) => {
    const lun = exported.find((each) => each.volume === plan.volume && each.number === plan.number);
    return lun ? [{ ...plan, lun }] : [];
  });
}

function attachmentsTo(
  luns: readonly ToldLun[],
  attacher: string,
  portals: Portal[],
  { transport, sessions, multipath, queueDepth, chap }: ScenarioStorage,
): Attachment[] {
  return [...Map.groupBy(luns, ({ lun }) => lun.target)].map(([target, parts]) =>
    create(AttachmentSchema, {
      target,
      transport,
      portals,
      sessions,
      multipath,
      queueDepth,
      ...(chap && { chap }),
      luns: parts.map(({ users, device, lun: { number, wwn, serial, sizeBytes } }) => {
        const guests = users.filter((guest) => guest !== attacher);
        return create(ExpectedLunSchema, { number, wwn, serial, sizeBytes, device, guests });
      }),
    }),
  );
}

function volumeOf(name: string, wanted: ScenarioVolume | undefined): Volume {
  if (!wanted) return create(VolumeSchema, { name }); // the contract's rules require it
  const { kind, sizeBytes, sectorBytes, thin, numaNode } = wanted;
  return create(VolumeSchema, {
    name,
    kind,
    sizeBytes,
    sectorBytes,
    thin,
    ...(numaNode !== undefined && { numaNode }),
  });
}

/** LUNs that the scenario's target must have told of: as many as were planned. */
export function exportedOf(planned: PlannedStorage, exported: readonly ExportedLun[]): ExportedLun[] {
  const volumes = new Set(planned.target.volumes.map(({ name }) => name));
  return exported.filter(({ volume }) => volumes.has(volume));
}

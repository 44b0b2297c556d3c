/** What a scenario's storage means for its target, its attachers and its guests. Pure. */
import { create } from "@bufbuild/protobuf";
import { type AwaitedDisk, AwaitedDiskSchema } from "@salvo/proto/disk_pb.ts";
import type { GivenDisk, InitiatorServiceInspectResponse } from "@salvo/proto/initiator_pb.ts";
import type { Lab } from "@salvo/proto/lab_pb.ts";
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
import { attacherOf, guestsOf, isGiven } from "./guests.ts";

/** The participants of its runs: what the guests know their LUNs as. */
export interface StorageParticipant {
  readonly agent: string;
  readonly device: string;
}

export function participantsOf(storage: ScenarioStorage, lab: Lab): StorageParticipant[] {
  // A hypervisor gives a guest one disk, whatever paths it has itself.
  const paths = isGiven(storage) ? 1 : separatePaths(storage, lab);
  return guestsOf(storage, lab).flatMap(({ id }) =>
    Array.from({ length: storage.luns }, (_, index) => deviceName(index)).flatMap((device) =>
      paths === 1
        ? [{ agent: id, device }]
        : Array.from({ length: paths }, (_, path) => ({ agent: id, device: `${device}-${path + 1}` })),
    ),
  );
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
}

export function planStorage(
  scenario: string,
  storage: ScenarioStorage,
  lab: Lab,
  options: PlanOptions,
): PlannedStorage {
  const { transport, volume } = storage;
  const attacher = (guest: string) => attacherOf(guest, storage, lab);
  const luns = plannedLuns(scenario, storage, lab, options.tag);
  const port = isNvme(transport) ? PORT.nvme : PORT.iscsi;
  const portals = (transport === Transport.LOCAL ? [] : addressesOf(storage.target, lab)).map((address) =>
    create(PortalSchema, { address, port }),
  );
  const exports = [...Map.groupBy(luns, ({ exported }) => exported)].map(([name, parts]) =>
    exportOf(name, parts, portals, storage, namesOf(parts, storage, lab, options)),
  );
  return {
    target: create(TargetSpecSchema, { volumes: luns.map(({ volume: name }) => volumeOf(name, volume)), exports }),
    attachments: (id, exported) => {
      const mine = luns.flatMap((lun) => {
        const users = lun.users.filter((guest) => attacher(guest) === id);
        return users.length === 0 ? [] : [{ ...lun, users }];
      });
      return attachmentsTo(told(mine, exported), portals, storage, lab);
    },
    disks: (guest, exported, reported = []) =>
      told(luns, exported)
        .filter(({ users }) => users.includes(guest))
        .map(({ device, lun: { target, number, sizeBytes } }) => {
          const isIt = (each: GivenDisk) => each.guest === guest && each.target === target && each.number === number;
          const { serial = "", wwn = "", sizeBytes: bytes = sizeBytes } = reported.find(isIt) ?? {};
          return create(AwaitedDiskSchema, { device, attacher: attacher(guest), sizeBytes: bytes, serial, wwn });
        }),
  };
}

function plannedLuns(scenario: string, storage: ScenarioStorage, lab: Lab, tag: string): PlannedLun[] {
  const { layout, luns, transport } = storage;
  const base = `${scenario.slice(0, SCENARIO_CHARS)}-${tag}`;
  const guests = guestsOf(storage, lab).map(({ id }) => id);
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

/** By what those log in that attach the LUNs. */
function namesOf(luns: readonly PlannedLun[], storage: ScenarioStorage, lab: Lab, { names }: PlanOptions): string[] {
  const attachers = new Set(luns.flatMap(({ users }) => users).map((guest) => attacherOf(guest, storage, lab)));
  const own = (id: string) => (isNvme(storage.transport) ? names.get(id)?.hostNqn : names.get(id)?.initiator) ?? "";
  return [...attachers].map(own).filter(Boolean);
}

/** Nobody but its attachers has any business with it. */
function exportOf(
  name: string,
  luns: readonly PlannedLun[],
  portals: Portal[],
  { transport, queueDepth, chap }: ScenarioStorage,
  initiators: string[],
): Export {
  const isLocal = transport === Transport.LOCAL;
  return create(ExportSchema, {
    name,
    transport,
    portals,
    luns: luns.map(({ number, volume }) => create(LunSchema, { number, volume })),
    initiators: isLocal ? [] : initiators,
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

function attachmentsTo(luns: readonly ToldLun[], portals: Portal[], storage: ScenarioStorage, lab: Lab): Attachment[] {
  const { transport, sessions, multipath, queueDepth, chap, disk } = storage;
  const vmOf = (guest: string) => lab.agents.find(({ id }) => id === guest)?.hypervisor?.vm ?? "";

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
        const lun = { number, wwn, serial, sizeBytes, device };
        if (!isGiven(storage)) return create(ExpectedLunSchema, lun);
        return create(ExpectedLunSchema, { ...lun, disk, guests: users.map((agent) => ({ agent, vm: vmOf(agent) })) });
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

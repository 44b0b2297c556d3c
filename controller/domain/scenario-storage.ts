/** What a scenario's storage means for its target and its guests. Pure. */
import { create } from "@bufbuild/protobuf";
import type { InitiatorServiceInspectResponse } from "@salvo/proto/initiator_pb.ts";
import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import {
  AttachmentSchema,
  ExpectedLunSchema,
  type Export,
  ExportSchema,
  InitiatorSpecSchema,
  LunSchema,
  Multipath,
  PortalSchema,
  type InitiatorSpec,
  TargetSpecSchema,
  Transport,
  type TargetSpec,
  type Volume,
  VolumeSchema,
} from "@salvo/proto/storage_pb.ts";
import { Layout, type ScenarioStorage, type ScenarioVolume } from "@salvo/proto/study_pb.ts";
import type { ExportedLun } from "@salvo/proto/target_pb.ts";
import { isNvme } from "@salvo/shared/agent/domain/provision/transports.ts";

/** The participants of its runs: what the guests know their LUNs as. */
export interface StorageParticipant {
  readonly agent: string;
  readonly device: string;
}

/** Those that the study names, or all that the lab has. */
export function guestsOf({ guests, target, transport }: ScenarioStorage, lab: Lab): LabAgent[] {
  if (guests.length > 0) return guests.flatMap((id) => lab.agents.find((agent) => agent.id === id) ?? []);
  const isGuest = ({ id, roles }: LabAgent) =>
    roles.includes(Role.WORKLOAD) &&
    roles.includes(Role.INITIATOR) &&
    (id === target) === (transport === Transport.LOCAL);
  return lab.agents.filter(isGuest);
}

export function participantsOf(storage: ScenarioStorage, lab: Lab): StorageParticipant[] {
  const paths = separatePaths(storage, lab);
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

/** By what a guest logs in: InitiatorService/Inspect tells. */
export type InitiatorNames = Pick<InitiatorServiceInspectResponse, "initiator" | "hostNqn">;

export interface PlannedStorage {
  readonly target: TargetSpec;
  /** A guest's part, once the target has told what it made. Throws nothing: what it did not make is not in it. */
  readonly guest: (id: string, exported: readonly ExportedLun[]) => InitiatorSpec;
}

/** A part of a name must be left for the numbers of volumes: those of RAM for NVMe have 24 characters. */
const SCENARIO_CHARS = 12;
const PORT = { iscsi: 3260, nvme: 4420 };

/**
 * tag: of a few letters and digits, never used before: what an earlier try left behind is other storage, and never taken for this.
 * names: of every guest.
 */
export function planStorage(
  scenario: string,
  storage: ScenarioStorage,
  lab: Lab,
  { tag, names }: { readonly tag: string; readonly names: ReadonlyMap<string, InitiatorNames> },
): PlannedStorage {
  const { transport, layout, luns, volume, queueDepth, chap } = storage;
  const base = `${scenario.slice(0, SCENARIO_CHARS)}-${tag}`;
  const guests = guestsOf(storage, lab).map(({ id }) => id);
  const shares = layout === Layout.SHARED_LUN ? [guests] : guests.map((id) => [id]);
  const nvme = isNvme(transport);
  const first = nvme ? 1 : 0;
  const perTarget = layout === Layout.TARGET_PER_GUEST;

  /** One entry for each LUN: who gets it, as what, and where it is. */
  const plans = shares.flatMap((users, share) =>
    Array.from({ length: luns }, (_, index) => ({
      users,
      device: deviceName(index),
      volume: `${base}-${share * luns + index + 1}`,
      exported: perTarget ? `${base}-${share + 1}` : base,
      number: first + (perTarget ? index : share * luns + index),
    })),
  );
  const volumes = plans.map(({ volume: name }) => volumeOf(name, volume));
  const portals = (transport === Transport.LOCAL ? [] : addressesOf(storage.target, lab)).map((address) =>
    create(PortalSchema, { address, port: nvme ? PORT.nvme : PORT.iscsi }),
  );
  const exports = [...Map.groupBy(plans, ({ exported }) => exported)].map(([name, parts]): Export => {
    const users = new Set(parts.flatMap((part) => part.users));
    const own = (id: string) => (nvme ? names.get(id)?.hostNqn : names.get(id)?.initiator) ?? "";
    return create(ExportSchema, {
      name,
      transport,
      portals,
      luns: parts.map(({ number, volume: of }) => create(LunSchema, { number, volume: of })),
      // Nobody else has any business with it.
      initiators: transport === Transport.LOCAL ? [] : [...users].map(own).filter(Boolean),
      ...(!nvme && transport !== Transport.LOCAL && { queueDepth, ...(chap && { chap }) }),
    });
  });

  return {
    target: create(TargetSpecSchema, { volumes, exports }),
    guest(id, exported) {
      const mine = plans.filter(({ users }) => users.includes(id));
      const found = mine.flatMap((plan) => {
        const lun = exported.find((each) => each.volume === plan.volume && each.number === plan.number);
        return lun ? [{ ...plan, lun }] : [];
      });
      return create(InitiatorSpecSchema, {
        attachments: [...Map.groupBy(found, ({ lun }) => lun.target)].map(([target, parts]) =>
          create(AttachmentSchema, {
            target,
            transport,
            portals,
            sessions: storage.sessions,
            multipath: storage.multipath,
            queueDepth,
            ...(chap && { chap }),
            luns: parts.map(({ device, lun: { number, wwn, serial, sizeBytes } }) =>
              create(ExpectedLunSchema, { number, wwn, serial, sizeBytes, device }),
            ),
          }),
        ),
      });
    },
  };
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

/** Disks of the host: the local one, and those that the last rescan found behind sessions. Pure. */
import { CommandFailure } from "../failure.ts";
import type { DeviceConfig, DiskContent, HostState, Volume } from "../state/state.ts";
import { pathsOf, type Path } from "./fabric.ts";

export interface Disk {
  readonly id: string;
  readonly vendor: string;
  readonly model: string;
  readonly revision: string;
  readonly sizeBytes: number;
  readonly isLocal: boolean;
  readonly paths: readonly Path[];
}

export function disks(state: HostState): Disk[] {
  const local = state.storage.localDisks.map(({ id, sizeBytes, model }): Disk => ({
    id,
    vendor: "DELL",
    model,
    revision: "3.13",
    sizeBytes,
    isLocal: true,
    paths: [],
  }));
  const paths = pathsOf(state);
  const remote = state.storage.seen.flatMap((id): Disk[] => {
    const lun = state.outside.targets.flatMap(({ luns }) => luns).find((each) => each.id === id);
    return lun === undefined ? [] : [{ ...lun, isLocal: false, paths: paths.filter((path) => path.lun.id === id) }];
  });
  return [...local, ...remote];
}

export function diskNamed(state: HostState, id: string): Disk {
  const found = disks(state).find((disk) => disk.id === id);
  if (found === undefined) throw new CommandFailure(`Unable to find device with name ${id}`);
  return found;
}

export function configOfDevice(state: HostState, id: string): DeviceConfig {
  const found = state.storage.configs.find((config) => config.id === id);
  if (found !== undefined) return found;
  const made: DeviceConfig = {
    id,
    state: "on",
    displayName: undefined,
    competing: 32,
    maxQueueDepth: undefined,
    queueFullSampleSize: 0,
    queueFullThreshold: 0,
    perenniallyReserved: false,
    psp: "VMW_PSP_FIXED",
    rr: { type: "default", iops: 1000, bytes: 10_485_760 },
  };
  state.storage.configs.push(made);
  return made;
}

export function displayName(state: HostState, disk: Disk): string {
  const own = configOfDevice(state, disk.id).displayName;
  return own ?? (disk.isLocal ? `Local ${disk.vendor} Disk (${disk.id})` : `${disk.vendor} iSCSI Disk (${disk.id})`);
}

/** What the driver offers: for iSCSI the option of its module that was in force at the last load. */
export function driverQueueDepth(state: HostState, disk: Disk): number {
  const driver = state.iscsi.adapters.find(({ name }) => name === disk.paths[0]?.adapter)?.driver;
  if (driver === undefined) return disk.isLocal ? 256 : 128;
  const [module, option] = driver === "iser" ? ["iser", "iser_LunQDepth"] : ["iscsi_vmk", "iscsivmk_LunQDepth"];
  const loaded = state.modules.find(({ name }) => name === module)?.loadedOptions ?? "";
  return Number(new RegExp(`\\b${option}=(\\d+)`).exec(loaded)?.[1] ?? 128);
}

export function contentOf(state: HostState, id: string): DiskContent {
  const found = state.storage.contents.find((content) => content.id === id);
  if (found !== undefined) return found;
  const made: DiskContent = { id, label: "unknown", partitions: [], volume: undefined };
  state.storage.contents.push(made);
  return made;
}

export interface Mounted {
  readonly volume: Volume;
  readonly disk: Disk;
}

/** File systems on disks that are there; whether each is mounted stands in it. */
export function volumes(state: HostState): Mounted[] {
  return disks(state).flatMap((disk) => {
    const volume = contentOf(state, disk.id).volume;
    return volume === undefined || configOfDevice(state, disk.id).state === "off" ? [] : [{ volume, disk }];
  });
}

export function vmlOf(id: string): string {
  return `vml.0200000000${id.replace(/^[a-z0-9]+\./, "")}494d41474546`;
}

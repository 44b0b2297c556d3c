/** Every device that runs may name, and the only way to it: those of the agent's own file, and the fresh LUNs that it has taken. */
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import type { Waiting } from "../../kernel/signal.ts";
import { checkDevices, listedDevice, prepareDevice } from "./device.ts";
import { deviceHash, planRefused } from "../domain/plan-hash.ts";
import { findListed } from "../domain/guard/identity.ts";
import { RULES } from "../domain/guard/judge.ts";
import { type Claims, openClaims } from "../guard/claims.ts";
import { listedDisk } from "../guard/examine.ts";
import { openFreshLun } from "../guard/fresh-disk.ts";
import { openFreshLuns } from "../guard/fresh-luns.ts";
import { lunOwners } from "../guard/lun-owners.ts";
import { nodeForUse, openRawDisk, type RawDiskDeps } from "../guard/raw-disk.ts";
import type { Workloads } from "../fio/workloads.ts";
import type { Platform } from "../platform.ts";
import type { OpenDevice } from "./open-device.ts";

export interface Devices {
  /** Each with what a plan for it is bound to. */
  list(): Promise<{ readonly device: Device; readonly hash: string }[]>;
  /** Throws `refused` for a name that there is not. */
  find(name: string): Promise<Device>;
  /**
   * Makes a file what it has to be, or judges a raw disk. Throws `refused` when it may not be written to, or is not what it was
   * when the run was planned.
   */
  open(name: string, planned: string, waiting?: Waiting): Promise<OpenDevice>;
  /** Of the listed raw disks that are here, by name. */
  sectorBytes(): Readonly<Record<string, number>>;
  /** Of the listed raw disks, by name: why runs may not write to it, and what to do. The guard judges as for a run. */
  problems(): Promise<ReadonlyMap<string, string>>;
}

export interface DevicesDeps {
  readonly config: AgentConfig;
  readonly platform: Pick<Platform, "disks" | "bootId"> & {
    /** Without it no file is opened. */
    readonly workloads?: Pick<Workloads, "holdFile">;
  };
  /** The lab that the agent's certificate is of; undefined without one, in tests. */
  readonly lab: string | undefined;
}

export function openDevices({ config, platform, lab }: DevicesDeps): Devices {
  const claims = openClaims(config.dataDir);
  const freshLuns = openFreshLuns(config.dataDir, platform.bootId());
  const owners = lunOwners(config, lab);
  const host = config.id;
  /** A disk's sector stays what it is, and looking at all disks of a host is work. */
  const sectors: Record<string, number> = {};

  return {
    async list() {
      const listed = config.devices.map(async (device) => ({ device, hash: await hashOfDevice(device, claims) }));
      const taken = (await freshLuns.list()).map(({ device, fresh }) => ({ device, hash: hashOfDisk(device, fresh) }));
      return [...(await Promise.all(listed)), ...taken];
    },

    async find(name) {
      const taken = (await freshLuns.list()).find(({ device }) => device.name === name);
      return taken?.device ?? listedDevice(config, name);
    },

    sectorBytes() {
      const unknown = config.devices.filter(({ name, disk }) => disk !== undefined && sectors[name] === undefined);
      if (unknown.length === 0 || !platform.disks) return sectors;
      const here = platform.disks.identify();
      for (const device of unknown) {
        const found = findListed(listedDisk(device), here);
        if ("disk" in found && found.disk.sectorBytes !== undefined) sectors[device.name] = found.disk.sectorBytes;
      }
      return sectors;
    },

    async problems() {
      const found = new Map<string, string>();
      for (const device of config.devices.filter(({ disk }) => disk !== undefined)) {
        const hash = await hashOfDevice(device, claims);
        const problem = await refusalOf(device, {
          host,
          disks: platform.disks,
          lab,
          deviceHash: hash,
          claims,
          rules: WITHOUT_A_PLAN,
        });
        if (problem !== undefined) found.set(device.name, problem);
      }
      return found;
    },

    async open(name, planned, waiting) {
      const deps = { host, disks: platform.disks, lab, deviceHash: planned };
      const taken = (await freshLuns.list()).find(({ device }) => device.name === name);
      if (taken) return openFreshLun(taken.device, taken.fresh, { ...deps, owners, freshLuns }, waiting);
      const device = listedDevice(config, name);
      if (device.disk) return openRawDisk(device, { ...deps, claims }, waiting);
      if ((await hashOfDevice(device, claims)) !== planned)
        throw planRefused(`device ${name} is not what the run was planned for: it is listed otherwise now`);
      return openFile(device, { config, platform }, waiting);
    },
  };
}

/** Nothing is written, and there is no run whose plan could be another. */
export const WITHOUT_A_PLAN = RULES.filter(({ name }) => name !== "plan-hash");

async function refusalOf(device: Device, deps: RawDiskDeps): Promise<string | undefined> {
  try {
    await nodeForUse(device, deps);
    return undefined;
  } catch (error) {
    const known = toSalvoError(error);
    if (known.kind === "internal") throw error;
    return [known.message, ...(known.remedy === undefined ? [] : [known.remedy])].join(". ");
  }
}

/** What a plan for the device is bound to. A disk's label is what this agent remembers of it: to plan, no disk is opened. */
export async function hashOfDevice(device: Device, claims: Claims): Promise<string> {
  const { name, path, sizeBytes, disk } = device;
  if (!disk) return deviceHash({ name, path, sizeBytes }, undefined);
  return hashOfDisk(device, await claims.read(name));
}

function hashOfDisk(device: Device, owner: Parameters<typeof deviceHash>[1]): string {
  return deviceHash({ name: device.name, ...listedDisk(device) }, owner);
}

/** fio gets the very file that was checked: whoever may write to its folder can put something else in its place meanwhile. */
async function openFile(
  device: Device,
  { config, platform }: Pick<DevicesDeps, "config" | "platform">,
  waiting?: Waiting,
): Promise<OpenDevice> {
  const { workloads } = platform;
  if (!workloads)
    throw new SalvoError("refused", `device ${device.name}: this agent runs no workloads`, { host: config.id });
  const file = await prepareDevice(device, waiting);
  const nothing = () => {};
  try {
    await checkDevices(config); // again, now that it is there: until then nothing could be told of another name for it
    const held = await workloads.holdFile(file, device.path);
    return {
      path: held.path,
      reservedBytes: 0n,
      recheck: nothing,
      recheckQuickly: nothing,
      close() {
        held.release();
        // Nothing was written by this handle, so there is nothing that a failure could have lost, and the number is free all the same.
        void file.close().catch(nothing);
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

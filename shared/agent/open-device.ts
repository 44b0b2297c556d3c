import type { AgentConfig, Device } from "@salvo/proto/lab_pb.ts";
import type { Waiting } from "../kernel/signal.ts";
import { checkDevices, prepareDevice } from "./device.ts";
import { type Claims, openClaims } from "./guard/claims.ts";
import { openRawDisk } from "./guard/raw-disk.ts";
import { deviceHash, planRefused } from "./domain/plan-hash.ts";
import { listedDisk } from "./guard/examine.ts";
import type { Platform } from "./platform.ts";

/** A device that may be written to, from arming to the end of the run. */
export interface OpenDevice {
  /** For fio. */
  readonly path: string;
  /** At the device's start, and not the workload's. */
  readonly reservedBytes: bigint;
  /** Throws `refused` when it is no longer what was armed. Some milliseconds: before the precise wait. */
  recheck(): void;
  /** The same by the device's number only, just before the gates open. */
  recheckQuickly(): void;
  close(): void;
}

/** What a plan for the device is bound to. A disk's label is what this agent remembers of it: to plan, no disk is opened. */
export async function hashOfDevice(device: Device, claims: Claims): Promise<string> {
  const { name, path, sizeBytes, disk } = device;
  if (!disk) return deviceHash({ name, path, sizeBytes }, undefined);
  return deviceHash({ name, ...listedDisk(device) }, await claims.read(name));
}

export interface OpenDeviceDeps {
  readonly config: AgentConfig;
  readonly platform: Platform;
  readonly lab: string | undefined;
}

/**
 * Makes a file what it has to be, or judges a raw disk. Throws `refused` when the device may not be written to, or is not
 * what it was when the run was planned.
 */
export async function openDevice(
  device: Device,
  planned: string,
  { config, platform, lab }: OpenDeviceDeps,
  waiting?: Waiting,
): Promise<OpenDevice> {
  const claims = openClaims(config.dataDir);
  if (device.disk) {
    const deps = { host: config.id, disks: platform.disks, claims, lab, deviceHash: planned };
    return openRawDisk(device, deps, waiting);
  }
  if ((await hashOfDevice(device, claims)) !== planned)
    throw planRefused(`device ${device.name} is not what the run was planned for: it is listed otherwise now`);
  await prepareDevice(device, waiting);
  await checkDevices(config); // again, now that it is there: until then nothing could be told of another name for it
  const nothing = () => {};
  return { path: device.path, reservedBytes: 0n, recheck: nothing, recheckQuickly: nothing, close: nothing };
}

import type { AgentConfig, Device } from "@salvo/proto/lab_pb.ts";
import type { Waiting } from "../kernel/signal.ts";
import { prepareDevice } from "./device.ts";
import { openClaims } from "./guard/claims.ts";
import { openRawDisk } from "./guard/raw-disk.ts";
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

/** Makes a file what it has to be, or judges a raw disk. Throws `refused` when the device may not be written to. */
export async function openDevice(
  device: Device,
  { config, platform, lab }: { config: AgentConfig; platform: Platform; lab: string | undefined },
  waiting?: Waiting,
): Promise<OpenDevice> {
  if (device.disk) {
    const deps = { host: config.id, disks: platform.disks, claims: openClaims(config.dataDir), lab };
    return openRawDisk(device, deps, waiting);
  }
  await prepareDevice(device, waiting);
  const nothing = () => {};
  return { path: device.path, reservedBytes: 0n, recheck: nothing, recheckQuickly: nothing, close: nothing };
}

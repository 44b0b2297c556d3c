import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { linuxHost } from "./provision/host.ts";

/** The kernel counts block I/O in sectors of 512 bytes, whatever the device's own sector is (iostats.rst). */
const SECTOR_BYTES = 512;

/** The counters in a block device's folder of /sys; undefined when the device is gone. */
export function readDiskStat(folder: string): DiskCounters | undefined {
  const text = linuxHost.read(`${folder}/stat`);
  return text === undefined ? undefined : parseDiskStat(text);
}

/**
 * /sys/block/DEVICE/stat: read I/Os, merges, sectors, ms; write I/Os, merges, sectors, ms; in flight, busy ms, queue ms, ...
 * (Documentation/block/stat.rst).
 */
export function parseDiskStat(text: string): DiskCounters {
  const fields = text.trim().split(/\s+/).map(Number);
  const [reads, , readSectors, readMs, writes, , writtenSectors, writeMs, inFlight, busyMs, queueMs] = fields;
  if (
    reads === undefined ||
    readSectors === undefined ||
    readMs === undefined ||
    writes === undefined ||
    writtenSectors === undefined ||
    writeMs === undefined ||
    inFlight === undefined ||
    busyMs === undefined ||
    queueMs === undefined ||
    fields.some((field) => !Number.isFinite(field))
  ) {
    throw new SalvoError("program-failed", `the kernel's block statistics have an unknown form: ${text.slice(0, 120)}`);
  }
  return {
    reads,
    readBytes: readSectors * SECTOR_BYTES,
    writes,
    writtenBytes: writtenSectors * SECTOR_BYTES,
    inFlight,
    busyMs,
    readMs,
    writeMs,
    queueMs,
  };
}

/** Whether the device has counted any I/O since it was made. */
export function hasCounted({ reads, writes }: DiskCounters): boolean {
  return reads + writes > 0;
}

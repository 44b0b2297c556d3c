import { existsSync, readFileSync, statSync } from "node:fs";
import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** The kernel counts block I/O in sectors of 512 bytes, whatever the device's own sector is (iostats.rst). */
const SECTOR_BYTES = 512;

/** The block device that holds a file, or is named by path itself; undefined when there is none, as on tmpfs or overlay. */
export function findDisk(path: string, sys = "/sys"): (() => DiskCounters) | undefined {
  const found = statSync(path);
  const device = found.isBlockDevice() ? found.rdev : found.dev;
  const stat = `${sys}/dev/block/${deviceNumber(device)}/stat`;
  return existsSync(stat) ? () => parseDiskStat(readFileSync(stat, "latin1")) : undefined;
}

/**
 * /sys/block/DEVICE/stat: read I/Os, merges, sectors, ms; write I/Os, merges, sectors, ms; in flight, busy ms, ...
 * (Documentation/block/stat.rst).
 */
export function parseDiskStat(text: string): DiskCounters {
  const fields = text.trim().split(/\s+/).map(Number);
  const [reads, , readSectors, , writes, , writtenSectors, , inFlight, busyMs] = fields;
  if (
    reads === undefined ||
    readSectors === undefined ||
    writes === undefined ||
    writtenSectors === undefined ||
    inFlight === undefined ||
    busyMs === undefined ||
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
  };
}

/** 8:16. glibc's encoding of dev_t (sys/sysmacros.h), as far as Linux uses it: 12 bits of major, 20 of minor. */
export function deviceNumber(device: number): string {
  const major = Math.floor(device / 256) % 4096;
  const minor = (device % 256) + Math.floor(device / 2 ** 20) * 256;
  return `${major}:${minor}`;
}

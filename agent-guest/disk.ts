import { existsSync, statSync } from "node:fs";
import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { readDiskStat } from "./disk-stat.ts";

/** Gives undefined when the device is gone. */
export type DiskReader = () => DiskCounters | undefined;

/** The block device that holds a file, or is named by path itself; undefined when there is none, as on tmpfs or overlay. */
export function findDisk(path: string, sys = "/sys"): DiskReader | undefined {
  const found = statSync(path);
  const device = found.isBlockDevice() ? found.rdev : found.dev;
  const folder = `${sys}/dev/block/${deviceNumber(device)}`;
  return existsSync(`${folder}/stat`) ? () => readDiskStat(folder) : undefined;
}

/** 8:16. glibc's encoding of dev_t (sys/sysmacros.h), as far as Linux uses it: 12 bits of major, 20 of minor. */
export function deviceNumber(device: number): string {
  const major = Math.floor(device / 256) % 4096;
  const minor = (device % 256) + Math.floor(device / 2 ** 20) * 256;
  return `${major}:${minor}`;
}

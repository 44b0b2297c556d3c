import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { join } from "node:path";
import { parseDiskStat } from "../disk-stat.ts";
import { linuxHost } from "../provision/host.ts";
import { openKernelFile } from "./kernel-file.ts";

/** Each is a record at every tick. */
export const DISKS_MAX = 64;

/** A line has some 100 bytes, and a disk has some lines of partitions: more than 4000 of them. */
const DISKSTATS_BYTES_MAX = 512 * 1024;

export interface DiskPlaces {
  readonly diskstats: string;
  readonly sys: string;
}

const PLACES: DiskPlaces = { diskstats: "/proc/diskstats", sys: "/sys" };

/** All of them at once, by name; one that is gone is left out. */
export interface WholeDisks {
  readonly names: readonly string[];
  read(): ReadonlyMap<string, DiskCounters>;
  close(): void;
}

/** The whole disks that the host has now and whose I/O is counted, at most DISKS_MAX by name; what is attached later is not seen. */
export function openWholeDisks({ diskstats, sys }: DiskPlaces = PLACES): WholeDisks {
  const names = countedDisks(sys).slice(0, DISKS_MAX);
  const wanted = new Set(names);
  const file = openKernelFile(diskstats, DISKSTATS_BYTES_MAX);
  return { names, read: () => parseDiskstats(file.read(), wanted), close: () => file.close() };
}

/**
 * The kernel counts for an NVMe disk with several ways what went over each of them (nvme0c1n1), and not always for the disk above them
 * (nvme0n1): the ways stand for it here. A disk whose counting was switched off would show 0, and is left out.
 */
function countedDisks(sys: string): string[] {
  const all = linuxHost.list(join(sys, "block")) ?? [];
  const heads = new Set(all.flatMap((name) => /^(nvme\d+)c\d+(n\d+)$/.exec(name)?.slice(1).join("") ?? []));
  const told = (name: string, file: string) => linuxHost.read(join(sys, "block", name, file));
  return all.filter((name) => !heads.has(name) && told(name, "size") !== "0" && told(name, "queue/iostats") !== "0");
}

/** Major, minor, name, and then what /sys/block/DEVICE/stat has (Documentation/admin-guide/iostats.rst). */
function parseDiskstats(text: string, wanted: ReadonlySet<string>): Map<string, DiskCounters> {
  const found = new Map<string, DiskCounters>();
  for (const line of text.split("\n")) {
    const [, name = "", rest = ""] = /^ *\d+ +\d+ (\S+) (.*)$/.exec(line) ?? [];
    if (wanted.has(name)) found.set(name, parseDiskStat(rest));
  }
  return found;
}

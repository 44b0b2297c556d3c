import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { hasCounted, readDiskStat } from "./disk-stat.ts";
import { isNvmeHead, openNvmeHead } from "./nvme-head.ts";
import { linuxHost } from "./provision/host.ts";

/** Gives undefined while the counters are not known, and when the device is gone. A count never goes back. */
export type DiskReader = () => DiskCounters | undefined;

/**
 * Reads the counters of the block device that holds a file, or that the path itself names. Undefined when there is no such
 * device, as on tmpfs or overlay, and when nothing counts its I/O: an unknown count must not be told as 0.
 */
export function findDisk(path: string, sys = "/sys"): DiskReader | undefined {
  const found = statSync(path);
  const device = found.isBlockDevice() ? found.rdev : found.dev;
  const link = `${sys}/dev/block/${deviceNumber(device)}`;
  const counters = readDiskStat(link);
  if (!counters) return undefined;
  const folder = realpathSync(link);
  const isPartition = linuxHost.read(`${folder}/partition`) !== undefined;
  const whole = isPartition ? dirname(folder) : folder;
  if (isNvmeHead(whole) && !isPartition) return openNvmeHead(folder, { countsItself: !countingIsOff(whole) });
  if (isNvmeHead(whole) && !headHasCounted(whole)) return undefined; // its paths do not tell the partitions apart
  if (countingIsOff(whole) && (hasQueuesOfItsOwn(whole) || !hasCounted(counters))) return undefined;
  return openStacked(folder);
}

/** A driver that leaves counting to the block layer obeys this switch; some that count by themselves do not. */
function countingIsOff(folder: string): boolean {
  return linuxHost.read(`${folder}/queue/iostats`) === "0";
}

/** Of blk-mq, in which the block layer counts. */
function hasQueuesOfItsOwn(folder: string): boolean {
  return linuxHost.list(`${folder}/mq`) !== undefined;
}

function headHasCounted(folder: string): boolean {
  const counters = readDiskStat(folder);
  return counters !== undefined && !countingIsOff(folder) && hasCounted(counters);
}

/**
 * A device on top of others (dm, md, bcache) counts its own I/O, and its members cannot stand for it: a mirror writes twice.
 * When the members have worked and the device has never counted anything, its driver does not count.
 */
function openStacked(folder: string): DiskReader {
  const names = linuxHost.list(`${folder}/slaves`) ?? [];
  const membersIos = () => names.reduce((sum, name) => sum + iosOf(readDiskStat(`${folder}/slaves/${name}`)), 0);
  const before = membersIos();
  return () => {
    const counters = readDiskStat(folder);
    return counters && !hasCounted(counters) && membersIos() !== before ? undefined : counters;
  };
}

function iosOf(counters: DiskCounters | undefined): number {
  return counters ? counters.reads + counters.writes : 0;
}

/** 8:16. glibc's encoding of dev_t (sys/sysmacros.h), as far as Linux uses it: 12 bits of major, 20 of minor. */
export function deviceNumber(device: number): string {
  const major = Math.floor(device / 256) % 4096;
  const minor = (device % 256) + Math.floor(device / 2 ** 20) * 256;
  return `${major}:${minor}`;
}

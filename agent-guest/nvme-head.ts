/**
 * The counters of an NVMe multipath head, nvme0n1. Before Linux 6.4 the head counts nothing and each path counts its own
 * part: nvme0c0n1, nvme0c1n1 (drivers/nvme/host/multipath.c). Since then the head counts as well, and the paths go on.
 */
import { dirname } from "node:path";
import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { hasCounted, readDiskStat } from "./disk-stat.ts";
import { linuxHost } from "./provision/host.ts";

const HEAD = /\/nvme-subsystem\/nvme-subsys\d+\/nvme(\d+)n(\d+)$/;
const NOTHING: DiskCounters = {
  reads: 0,
  readBytes: 0,
  writes: 0,
  writtenBytes: 0,
  inFlight: 0,
  busyMs: 0,
  readMs: 0,
  writeMs: 0,
  queueMs: 0,
};

/** Whether a device's real folder in /sys is that of a head. */
export function isNvmeHead(folder: string): boolean {
  return HEAD.test(folder);
}

/**
 * Adds up what the head counts, or while it has counted nothing what its paths count. Paths may come and go: only growth is
 * added, so the sum never goes back. What a path counted between the last reading and its end is lost.
 */
export function openNvmeHead(
  folder: string,
  { countsItself }: { readonly countsItself: boolean },
): () => DiskCounters | undefined {
  let own = readDiskStat(folder);
  let paths = readPaths(folder, new Map());
  let sum = NOTHING;
  let useOwn = false;
  return () => {
    const now = readDiskStat(folder);
    if (!now) return undefined;
    useOwn ||= countsItself && hasCounted(now);
    if (useOwn) {
      sum = { ...added(sum, growth(own, now)), inFlight: now.inFlight };
      own = now;
      return sum;
    }
    const before = paths;
    paths = readPaths(folder, before);
    const grown = [...paths].map(([name, { counters }]) => growth(before.get(name)?.counters, counters));
    sum = { ...grown.reduce(added, sum), inFlight: total(paths, "inFlight"), busyMs: sum.busyMs + busiest(grown) };
    return sum;
  };
}

interface Path {
  readonly folder: string;
  readonly counters: DiskCounters;
}

/** By controller, in the subsystem's folder: nvme0/nvme0c0n1. A controller's folder is listed only while its path is unknown. */
function readPaths(head: string, known: ReadonlyMap<string, Path>): Map<string, Path> {
  const [, subsystem, namespace] = HEAD.exec(head) ?? [];
  const name = new RegExp(`^nvme${subsystem}c\\d+n${namespace}$`);
  const paths = new Map<string, Path>();
  for (const controller of linuxHost.list(dirname(head)) ?? []) {
    if (!/^nvme\d+$/.test(controller)) continue;
    const folder = `${dirname(head)}/${controller}`;
    const path =
      readPath(known.get(controller)?.folder) ??
      readPath(linuxHost.list(folder)?.flatMap((entry) => (name.test(entry) ? [`${folder}/${entry}`] : []))[0]);
    if (path) paths.set(controller, path);
  }
  return paths;
}

function readPath(folder: string | undefined): Path | undefined {
  const counters = folder === undefined ? undefined : readDiskStat(folder);
  return folder !== undefined && counters ? { folder, counters } : undefined;
}

/** A path that was not there before, or that counts less than it did, is a new one: it began at 0. */
function growth(before: DiskCounters | undefined, now: DiskCounters): DiskCounters {
  if (!before || now.reads < before.reads || now.writes < before.writes) return now;
  return {
    reads: now.reads - before.reads,
    readBytes: now.readBytes - before.readBytes,
    writes: now.writes - before.writes,
    writtenBytes: now.writtenBytes - before.writtenBytes,
    inFlight: now.inFlight,
    busyMs: now.busyMs - before.busyMs,
    readMs: now.readMs - before.readMs,
    writeMs: now.writeMs - before.writeMs,
    queueMs: now.queueMs - before.queueMs,
  };
}

function added(to: DiskCounters, more: DiskCounters): DiskCounters {
  return {
    reads: to.reads + more.reads,
    readBytes: to.readBytes + more.readBytes,
    writes: to.writes + more.writes,
    writtenBytes: to.writtenBytes + more.writtenBytes,
    inFlight: more.inFlight,
    busyMs: to.busyMs + more.busyMs,
    readMs: to.readMs + more.readMs,
    writeMs: to.writeMs + more.writeMs,
    queueMs: to.queueMs + more.queueMs,
  };
}

function total(paths: ReadonlyMap<string, Path>, key: keyof DiskCounters): number {
  return [...paths.values()].reduce((sum, { counters }) => sum + counters[key], 0);
}

/** Paths are busy at the same time, so the head was busy at least as long as the busiest of them. */
function busiest(grown: readonly DiskCounters[]): number {
  return grown.reduce((longest, { busyMs }) => Math.max(longest, busyMs), 0);
}

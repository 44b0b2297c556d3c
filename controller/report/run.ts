import type { Manifest } from "@salvo/proto/run_pb.ts";

/** What one participant did between two dumps; bins[i] is a bin number of shared/fio/bins.ts, counts[i] its I/Os. */
export interface IoRow {
  readonly ios: number;
  readonly bytes: number;
  readonly bins: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/** A row of samples.parquet. Controller's wall clock, ns since 1970. */
export interface SampleRow {
  readonly participant: string;
  readonly agent: string;
  readonly device: string;
  readonly tick: number;
  /** When the dump was asked for. */
  readonly tNs: bigint;
  /** The instant that its counts are of. */
  readonly countedNs: bigint;
  /** fio had not answered: its counts are unknown, and turn up in a later row. */
  readonly stalled: boolean;
  readonly runtimeMs: number;
  readonly read: IoRow;
  readonly write: IoRow;
}

export const CPU_KINDS = ["user", "system", "irq", "softirq", "steal"] as const;
export type CpuKind = (typeof CPU_KINDS)[number];

/** A row of cpu.parquet: how one core spent the interval before a tick, ms. */
export interface CpuRow extends Readonly<Record<CpuKind | "idle" | "iowait", number>> {
  readonly agent: string;
  readonly tick: number;
  readonly tNs: bigint;
  readonly core: number;
}

/** A row of disk.parquet: the operating system's own counters of a participant's block device. */
export interface DiskRow {
  readonly participant: string;
  readonly agent: string;
  readonly tick: number;
  readonly tNs: bigint;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly inFlight: number;
  readonly busyMs: number;
}

/** What one disk of an observer's host, or a volume that its target exports, did over the window, or over all ticks where there is none. */
export interface ObservedDisk {
  readonly agent: string;
  readonly disk: string;
  /** The time that the counts are of. */
  readonly seconds: number;
  /** Reads and writes; of a target's volume all commands. */
  readonly ios: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** It and queueMs are not known of a target's volume. */
  readonly busyMs: number | undefined;
  /** Time that requests spent in queue and device, all of them added up. */
  readonly queueMs: number | undefined;
}

/** What one network interface moved over the window, or over all ticks where there is none. */
export interface NicTotals {
  readonly agent: string;
  readonly nic: string;
  readonly seconds: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly drops: number;
  readonly errors: number;
}

/** One sealed run, as the report reads it. Rows in any order. */
export interface ReportRun {
  readonly manifest: Manifest;
  readonly samples: readonly SampleRow[];
  readonly cpu: readonly CpuRow[];
  /** Of participants. */
  readonly disk: readonly DiskRow[];
  readonly observedDisks: readonly ObservedDisk[];
  readonly nics: readonly NicTotals[];
}

/** Seconds after T0 at a controller wall clock time. */
export function secondsAfterT0(manifest: Manifest, wallNs: bigint): number {
  return Number(wallNs - manifest.t0WallNs) / 1e9;
}

/** The window, seconds after T0; undefined when the run has none. */
export function windowSeconds(manifest: Manifest): { readonly start: number; readonly end: number } | undefined {
  const window = manifest.summary?.window;
  if (!window || window.endNs <= window.startNs) return undefined;
  return { start: secondsAfterT0(manifest, window.startNs), end: secondsAfterT0(manifest, window.endNs) };
}

/** Whether the interval that ends at a tick lies in the window. The first tick of the window is the instant it begins. */
export function tickInWindow(manifest: Manifest, tick: number): boolean {
  const window = manifest.summary?.window;
  return window !== undefined && tick > window.firstTick && tick <= window.lastTick;
}

import { binNs, binOf } from "./bins.ts";
import { readDocument, type FioObject } from "./document.ts";
import { Histogram } from "./latency.ts";
import { greatest } from "../kernel/extremes.ts";

/** What fio did in one direction since it began. */
export interface DirectionTotals {
  /**
   * Completed I/Os: those that have a latency. fio's own `total_ios` counts I/Os when they are submitted, so while it runs it
   * is ahead by what is in flight; in the final document the two agree.
   */
  readonly ios: number;
  /** In a live dump fio reads this a moment before the latencies; what it misses is in the next dump. */
  readonly bytes: number;
  readonly latency: Histogram;
}

/** What a whole fio process did since it began, as one json+ document says. */
export interface FioTotals {
  /** fio's wall clock, ms since 1970, when it had gathered everything. */
  readonly timestampMs: number;
  /** Since the first job began; 0 until the first I/O is complete. */
  readonly runtimeMs: number;
  /** An errno; 0 when all went well, and also when a job's gate line failed: then there are no I/Os. */
  readonly error: number;
  readonly read: DirectionTotals;
  readonly write: DirectionTotals;
}

/** Where a run begins: subtract this from the first dump. */
export function noTotals(): FioTotals {
  const none = () => ({ ios: 0, bytes: 0, latency: new Histogram() });
  return { timestampMs: 0, runtimeMs: 0, error: 0, read: none(), write: none() };
}

/** Reads one json+ document, live or final, of a job with lat_percentiles=1. Throws program-failed. */
export function parseDump(text: string): FioTotals {
  const root = readDocument(text);
  const jobs = root.list("jobs");
  if (jobs.length === 0) throw root.unusable("its list of jobs is empty");
  const directions = (key: "read" | "write") => jobs.map((job) => job.object(key));
  const runtimesMs = [...directions("read"), ...directions("write")].map((direction) => direction.count("runtime"));
  return {
    timestampMs: root.count("timestamp_ms"),
    runtimeMs: greatest(runtimesMs),
    error: jobs.map((job) => job.count("error")).find((error) => error !== 0) ?? 0,
    read: sumDirection(directions("read")),
    write: sumDirection(directions("write")),
  };
}

function sumDirection(directions: readonly FioObject[]): DirectionTotals {
  const latency = new Histogram();
  let bytes = 0;
  for (const direction of directions) {
    bytes += direction.count("io_bytes");
    const lat = direction.object("lat_ns");
    // fio leaves the bins out when no I/O is complete yet.
    if (!lat.has("bins") && lat.count("N") === 0) continue;
    lat.object("bins").eachCount((key, count) => latency.add(binOfKey(lat, key), count));
  }
  return { ios: latency.total, bytes, latency };
}

function binOfKey(lat: FioObject, key: string): number {
  const ns = Number(key);
  const bin = Number.isSafeInteger(ns) && ns >= 0 ? binOf(ns) : undefined;
  if (bin === undefined || binNs(bin) !== ns) throw lat.unusable(`${JSON.stringify(key)} is no latency bin of fio 3`);
  return bin;
}

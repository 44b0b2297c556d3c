import { Engine, Pattern, type Workload } from "@salvo/proto/workload_pb.ts";
import { formatBytes, formatDuration } from "./units.ts";

const PATTERNS: Readonly<Record<Pattern, string>> = {
  [Pattern.UNSPECIFIED]: "unknown pattern",
  [Pattern.READ]: "sequential read",
  [Pattern.WRITE]: "sequential write",
  [Pattern.RW]: "sequential mixed",
  [Pattern.RANDREAD]: "random read",
  [Pattern.RANDWRITE]: "random write",
  [Pattern.RANDRW]: "random mixed",
};

const ENGINES: Readonly<Record<Engine, string>> = {
  [Engine.UNSPECIFIED]: "unknown engine",
  [Engine.LIBAIO]: "libaio",
  [Engine.IO_URING]: "io_uring",
  [Engine.PSYNC]: "psync",
  [Engine.NULL]: "null engine: no data moves",
};

/** A workload in one line: `random read, 4 KiB, 4 jobs × queue depth 16, libaio, direct; ramp 2 s, then 20 s`. */
export function describeWorkload(workload: Workload): string {
  const mixed = workload.pattern === Pattern.RW || workload.pattern === Pattern.RANDRW;
  const how = [
    `${PATTERNS[workload.pattern] ?? "unknown pattern"}${mixed ? ` (${workload.readPercent} % reads)` : ""}`,
    workload.blockSizeMix === "" ? formatBytes(Number(workload.blockSizeBytes)) : `blocks ${workload.blockSizeMix} %`,
    workload.distribution !== "" && `distribution ${workload.distribution}`,
    `${workload.jobs} ${workload.jobs === 1 ? "job" : "jobs"} × queue depth ${workload.queueDepth}`,
    workload.rateIopsPerJob > 0 && `at most ${workload.rateIopsPerJob} IOPS each`,
    workload.ratePerJobBytes > 0n && `at most ${formatBytes(Number(workload.ratePerJobBytes))} per second each`,
    workload.thinkTimeMs > 0 && `${workload.thinkTimeMs} ms of think time`,
    workload.fsyncEvery > 0 && `fsync after ${workload.fsyncEvery} writes`,
    workload.fdatasyncEvery > 0 && `fdatasync after ${workload.fdatasyncEvery} writes`,
    workload.compressiblePercent !== undefined && `${workload.compressiblePercent} % compressible`,
    workload.verify && "verified",
    ENGINES[workload.engine] ?? "unknown engine",
    workload.direct ? "direct" : "through the page cache",
  ].filter(Boolean);
  const ramp = workload.rampMs > 0 ? `ramp ${formatDuration(workload.rampMs)}, then ` : "";
  return `${how.join(", ")}; ${ramp}${formatDuration(workload.durationMs)}`;
}

import { Engine, Pattern, type Workload } from "@salvo/proto/workload_pb.ts";
import { assert } from "../kernel/assert.ts";
import { isAbsolute } from "node:path";
import { SalvoError } from "../kernel/error.ts";
import { blockSizesOf, parseBlockMix } from "./block-mix.ts";
import type { FioSystem } from "./system.ts";
import { workloadProblems } from "./workload-problems.ts";

/** Where a workload runs. */
export interface JobPlace {
  readonly system: FioSystem;
  /** The device or file, an absolute path. */
  readonly file: string;
  readonly deviceBytes: bigint;
  /** At its start, where nothing is read or written: offset and size of a workload are of what comes after. */
  readonly reservedBytes: bigint;
  /** How long fio does I/O when nobody ends it: ramp, duration and what the agent needs after them. */
  readonly runtimeMs: number;
  /** What each job runs before its first I/O; see gate.ts. */
  readonly gate: string;
}

const RW: Readonly<Record<number, { name: string; random: boolean; mixed: boolean }>> = {
  [Pattern.READ]: { name: "read", random: false, mixed: false },
  [Pattern.WRITE]: { name: "write", random: false, mixed: false },
  [Pattern.RW]: { name: "rw", random: false, mixed: true },
  [Pattern.RANDREAD]: { name: "randread", random: true, mixed: false },
  [Pattern.RANDWRITE]: { name: "randwrite", random: true, mixed: false },
  [Pattern.RANDRW]: { name: "randrw", random: true, mixed: true },
};

/** The least that a disk reads or writes at once, and so the least step of O_DIRECT. */
const SECTOR_BYTES = 512n;

/**
 * fio's arguments: json+ (json with latency bins) on standard output, and only when asked for by SIGUSR1 and at the end.
 * --status-interval would print by fio's own clock, and stops while any job waits at the gate.
 */
export function fioArguments(jobFile: string): string[] {
  assert(isAbsolute(jobFile), `${jobFile} is not absolute`);
  return ["--output-format=json+", "--eta=never", jobFile];
}

/** The text of the job file. Throws invalid-input when the workload cannot be run on the device. */
export function renderJob(workload: Workload, place: JobPlace): string {
  const rw = RW[workload.pattern];
  assert(rw, `pattern ${workload.pattern} does not exist`);
  assert(Number.isSafeInteger(place.runtimeMs) && place.runtimeMs > 0, `${place.runtimeMs} ms is no run time`);
  // fio takes ";" for the start of a comment, and a line's end for the option's.
  assert(!/[;\n\r]/.test(place.gate), "the gate does not fit into a line of fio's job file");
  refuseQueueOfPsync(workload, place);
  for (const { key, message } of workloadProblems(workload))
    throw refusal(workload, place)(`${key} ${message}`, "Correct the workload in the study file");

  const options: Record<string, string | number | bigint> = {
    filename: escapeFilename(place, refusal(workload, place)),
    ioengine: engineOf(workload, place),
    direct: Number(workload.direct),
    // Emptying the page cache would be inside the measured time, and past it there is nothing to empty.
    ...(workload.direct && { invalidate: 0 }),
    rw: rw.name,
    ...(rw.mixed && { rwmixread: workload.readPercent }),
    ...blockOptions(workload),
    numjobs: workload.jobs,
    iodepth: workload.queueDepth,
    ...rateOptions(workload, rw.mixed),
    ...randomOptions(workload),
    ...writeOptions(workload),
    ...regionOptions(workload, place, rw.random),
    // Jobs as threads, reported as one, so that a dump is one document with one entry.
    thread: 1,
    group_reporting: 1,
    time_based: 1,
    runtime: `${place.runtimeMs}ms`,
    // The same seed gives the same random blocks. Repeats of a block are allowed, which spares a map of all blocks.
    randrepeat: 1,
    norandommap: 1,
    allow_mounted_write: 0,
    // Bins of total latency, from the attempt to submit to completion, and of nothing else.
    lat_percentiles: 1,
    clat_percentiles: 0,
    slat_percentiles: 0,
    exec_prerun: place.gate,
  };
  const lines = Object.entries(options).map(([key, value]) => `${key}=${value}\n`);
  return `[job]\n${lines.join("")}`;
}

/**
 * What part of the device is used. Random jobs share it: fio seeds each job differently. Sequential jobs would all begin at
 * the same block and follow each other, so that all but one would hit blocks that a cache has just seen: each gets its own share.
 */
function regionOptions(workload: Workload, place: JobPlace, random: boolean): Record<string, bigint> {
  const { offsetBytes, sizeBytes } = workload;
  const sizes = blockSizesOf(workload);
  const blockSizeBytes = sizes.reduce((most, each) => (each > most ? each : most), 0n);
  const refuse = refusal(workload, place);
  const usableBytes = place.deviceBytes - place.reservedBytes;
  const endBytes = sizeBytes === 0n ? usableBytes : offsetBytes + sizeBytes;
  if (endBytes > usableBytes || offsetBytes >= endBytes) {
    throw refuse(
      `offset ${offsetBytes} B and size ${sizeBytes} B do not fit into its ${usableBytes} B`,
      "Use less of the device, or a greater device",
    );
  }
  if (workload.direct && [offsetBytes, ...sizes].some((bytes) => bytes % SECTOR_BYTES !== 0n)) {
    throw refuse(
      `offset ${offsetBytes} B and block size ${sizes.join(" B, ")} B must be multiples of ${SECTOR_BYTES} B for direct I/O`,
      "Correct them, or set `direct: false`",
    );
  }
  const sharers = random ? 1n : BigInt(workload.jobs);
  const shareBytes = ((endBytes - offsetBytes) / sharers / blockSizeBytes) * blockSizeBytes;
  if (shareBytes === 0n) {
    const each = sharers === 1n ? "" : ` for each of ${sharers} sequential jobs`;
    throw refuse(
      `${endBytes - offsetBytes} B are less than one block of ${blockSizeBytes} B${each}`,
      "Use more of the device, smaller blocks or fewer jobs",
    );
  }
  return {
    offset: place.reservedBytes + offsetBytes,
    size: shareBytes,
    ...(sharers > 1n && { offset_increment: shareBytes }),
  };
}

function blockOptions({ blockSizeBytes, blockSizeMix }: Workload): Record<string, string | bigint> {
  const mix = blockSizeMix === "" ? [] : parseBlockMix(blockSizeMix);
  if ("problem" in mix || mix.length === 0) return { bs: blockSizeBytes };
  return { bssplit: mix.map(({ bytes, percent }) => `${bytes}/${percent}`).join(":") };
}

/** fio limits reads and writes of a mixed job separately: the job's limit is split as its reads and writes are. */
function rateOptions(workload: Workload, mixed: boolean): Record<string, string | number> {
  const { rateIopsPerJob, ratePerJobBytes, readPercent, thinkTimeMs } = workload;
  const split = (limit: number): string => {
    if (!mixed) return String(limit);
    // 0 would be no limit at all.
    const reads = Math.max(1, Math.round((limit * readPercent) / 100));
    return `${reads},${Math.max(1, limit - reads)}`;
  };
  return {
    ...(rateIopsPerJob > 0 && { rate_iops: split(rateIopsPerJob) }),
    ...(ratePerJobBytes > 0n && { rate: split(Number(ratePerJobBytes)) }),
    ...(thinkTimeMs > 0 && { thinktime: `${thinkTimeMs}ms` }),
  };
}

/** fio multiplies the seed by the number of the job, so each job has random numbers of its own. */
function randomOptions({ seed, distribution }: Workload): Record<string, string | number> {
  return {
    ...(seed > 0 && { randseed: seed }),
    ...(distribution !== "" && { random_distribution: distribution === "uniform" ? "random" : distribution }),
  };
}

/** How many blocks are written before fio reads them back. */
const VERIFY_BACKLOG = 1024;

function writeOptions(workload: Workload): Record<string, string | number> {
  const { fsyncEvery, fdatasyncEvery, compressiblePercent, verify } = workload;
  return {
    ...(fsyncEvery > 0 && { fsync: fsyncEvery }),
    ...(fdatasyncEvery > 0 && { fdatasync: fdatasyncEvery }),
    // New data for every write: otherwise a target that knows its blocks again writes little of it.
    ...(compressiblePercent !== undefined && {
      refill_buffers: 1,
      buffer_compress_percentage: compressiblePercent,
    }),
    // serialize_overlap: a block is not written anew while it is read back.
    ...(verify && {
      verify: "crc32c",
      verify_backlog: VERIFY_BACKLOG,
      verify_fatal: 1,
      verify_state_save: 0,
      serialize_overlap: 1,
    }),
  };
}

function engineOf(workload: Workload, place: JobPlace): string {
  const { name, engines } = place.system;
  const engine = engines[workload.engine];
  if (engine !== undefined) return engine;
  throw refusal(workload, place)(
    `fio has no engine ${ENGINE_WORDS[workload.engine]} on ${name}`,
    "Use `engine: libaio`, which is windowsaio on Windows",
  );
}

const ENGINE_WORDS: Readonly<Record<Engine, string>> = {
  [Engine.UNSPECIFIED]: "without a name",
  [Engine.LIBAIO]: "libaio",
  [Engine.IO_URING]: "io_uring",
  [Engine.PSYNC]: "psync",
  [Engine.NULL]: "null",
};

function refuseQueueOfPsync(workload: Workload, place: JobPlace): void {
  if (workload.engine !== Engine.PSYNC || workload.queueDepth <= 1) return;
  throw refusal(workload, place)(
    `psync keeps one I/O in flight, so a queue depth of ${workload.queueDepth} would have no effect`,
    "Set `queueDepth: 1` and more `jobs`, or `engine: libaio`",
  );
}

/**
 * fio reads ":" as the end of a file name, "\" before it as an escape, "$" as a variable; quotes and control characters have no
 * business in a device's path, nor has space at its ends, which fio drops.
 */
function escapeFilename({ file, system }: JobPlace, refuse: Refuse): string {
  if (!system.holds(file)) throw refuse(`a job file cannot hold the path ${JSON.stringify(file)}`, system.pathRule);
  return file.replaceAll(":", "\\:");
}

type Refuse = (why: string, remedy: string) => SalvoError;

function refusal(workload: Workload, place: JobPlace): Refuse {
  return (why, remedy) =>
    new SalvoError("invalid-input", `workload ${workload.name} cannot run on ${place.file}: ${why}`, { remedy });
}

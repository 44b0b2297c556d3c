import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CoreTimeSchema, DiskSampleSchema, NicCountsSchema } from "@salvo/proto/telemetry_pb.ts";

/** Milliseconds since boot. */
export interface CoreCounters {
  readonly userMs: number;
  readonly systemMs: number;
  readonly irqMs: number;
  readonly softirqMs: number;
  readonly stealMs: number;
  readonly idleMs: number;
  readonly iowaitMs: number;
}

/** Totals since boot, but for what is in flight now. */
export interface DiskCounters {
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly inFlight: number;
  readonly busyMs: number;
  /** Time that reads, writes, and all requests together spent in queue and device: each request adds its own time. */
  readonly readMs: number;
  readonly writeMs: number;
  readonly queueMs: number;
}

/** Totals of a volume that a target exports, where it does not tell reads and writes apart in number. */
export interface VolumeCounters {
  readonly commands: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Totals of one network interface since boot. */
export interface NicCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly sentPackets: number;
  readonly drops: number;
  readonly errors: number;
}

export type Cores = readonly (CoreCounters | undefined)[];

/**
 * What each core did between two readings, by core number. A core that was offline at one of them did nothing, nor did a
 * counter that went back.
 */
export function coreTimes(before: Cores, after: Cores): MessageInitShape<typeof CoreTimeSchema>[] {
  return after.map((now, core) => {
    const then = before[core];
    const passed = (key: keyof CoreCounters) => (now && then ? Math.max(0, Math.round(now[key] - then[key])) : 0);
    return {
      userMs: passed("userMs"),
      systemMs: passed("systemMs"),
      irqMs: passed("irqMs"),
      softirqMs: passed("softirqMs"),
      stealMs: passed("stealMs"),
      idleMs: passed("idleMs"),
      iowaitMs: passed("iowaitMs"),
    };
  });
}

/** A disk that was taken away and came back under its name counts from 0 again. Its times alone may go back, see diskChange. */
export function diskBeganAnew(before: DiskCounters, after: DiskCounters): boolean {
  return (
    after.reads < before.reads ||
    after.writes < before.writes ||
    after.readBytes < before.readBytes ||
    after.writtenBytes < before.writtenBytes
  );
}

/** The same of a volume. */
export function volumeBeganAnew(before: VolumeCounters, after: VolumeCounters): boolean {
  return (
    after.commands < before.commands || after.readBytes < before.readBytes || after.writtenBytes < before.writtenBytes
  );
}

/** Linux shows times of disks modulo this (block/genhd.c, part_stat_show). */
const TIMES_MS_END = 2 ** 32;

/** What a disk did between two readings, and what it has in flight now. */
export function diskChange(before: DiskCounters, after: DiskCounters): MessageInitShape<typeof DiskSampleSchema> {
  const passed = (key: keyof DiskCounters) => Math.max(0, after[key] - before[key]);
  // With 256 requests in flight queueMs starts from 0 again every five hours.
  const passedMs = (key: "busyMs" | "readMs" | "writeMs" | "queueMs") => {
    const ms = after[key] - before[key];
    return Math.max(0, ms < -TIMES_MS_END / 2 ? ms + TIMES_MS_END : ms);
  };
  return {
    reads: passed("reads"),
    readBytes: BigInt(passed("readBytes")),
    writes: passed("writes"),
    writtenBytes: BigInt(passed("writtenBytes")),
    inFlight: after.inFlight,
    busyMs: passedMs("busyMs"),
    readMs: BigInt(passedMs("readMs")),
    writeMs: BigInt(passedMs("writeMs")),
    queueMs: BigInt(passedMs("queueMs")),
  };
}

/** What was done to a volume between two readings. */
export function volumeChange(before: VolumeCounters, after: VolumeCounters): MessageInitShape<typeof DiskSampleSchema> {
  const passed = (key: keyof VolumeCounters) => Math.max(0, after[key] - before[key]);
  return {
    commands: passed("commands"),
    readBytes: BigInt(passed("readBytes")),
    writtenBytes: BigInt(passed("writtenBytes")),
  };
}

/** What each interface moved between two readings. An interface that one of them does not have is left out. */
export function nicChanges(
  before: readonly NicCounters[],
  after: readonly NicCounters[],
): MessageInitShape<typeof NicCountsSchema>[] {
  const known = new Map(before.map((nic) => [nic.name, nic]));
  return after.flatMap((now) => {
    const then = known.get(now.name);
    if (!then) return [];
    const passed = (key: Exclude<keyof NicCounters, "name">) => BigInt(Math.max(0, now[key] - then[key]));
    return {
      name: now.name,
      receivedBytes: passed("receivedBytes"),
      sentBytes: passed("sentBytes"),
      receivedPackets: passed("receivedPackets"),
      sentPackets: passed("sentPackets"),
      drops: passed("drops"),
      errors: passed("errors"),
    };
  });
}

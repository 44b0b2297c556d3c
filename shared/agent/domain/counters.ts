import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CoreTimeSchema, DiskSampleSchema } from "@salvo/proto/telemetry_pb.ts";

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
  /** That requests spent in queue and device, added up. */
  readonly readMs: number;
  readonly writeMs: number;
  readonly queueMs: number;
}

type Cores = readonly (CoreCounters | undefined)[];

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

/** What a disk did between two readings, and what it has in flight now. */
export function diskChange(before: DiskCounters, after: DiskCounters): MessageInitShape<typeof DiskSampleSchema> {
  const passed = (key: keyof DiskCounters) => Math.max(0, after[key] - before[key]);
  return {
    reads: passed("reads"),
    readBytes: BigInt(passed("readBytes")),
    writes: passed("writes"),
    writtenBytes: BigInt(passed("writtenBytes")),
    inFlight: after.inFlight,
    busyMs: passed("busyMs"),
    readMs: BigInt(passed("readMs")),
    writeMs: BigInt(passed("writeMs")),
    queueMs: BigInt(passed("queueMs")),
  };
}

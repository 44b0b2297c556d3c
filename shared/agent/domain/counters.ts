import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CoreTimeSchema, DiskSampleSchema } from "@salvo/proto/telemetry_pb.ts";
import type { CoreCounters, DiskCounters } from "../platform.ts";

/** What each core did between two readings. A counter that went back (a core that went away and came) counts as 0. */
export function coreTimes(
  before: readonly CoreCounters[],
  after: readonly CoreCounters[],
): MessageInitShape<typeof CoreTimeSchema>[] {
  return after.map((now, core) => {
    const then = before[core] ?? now;
    const passed = (key: keyof CoreCounters) => Math.max(0, Math.round(now[key] - then[key]));
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
  };
}

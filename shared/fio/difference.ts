import { create } from "@bufbuild/protobuf";
import { IoSchema, type Io } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError } from "../kernel/error.ts";
import { BIN_COUNT } from "./bins.ts";
import type { DirectionTotals, FioTotals } from "./dump.ts";
import { Histogram, toLatency } from "./latency.ts";

export interface IoDelta {
  readonly read: Io;
  readonly write: Io;
}

/**
 * What one fio process did between two of its dumps. Exact: the differences of all dumps in a row add up to the last one.
 * Throws corrupt when anything went down: the dumps are not of one process, or not in this order.
 */
export function difference(before: FioTotals, after: FioTotals): IoDelta {
  return {
    read: directionDelta("read", before.read, after.read),
    write: directionDelta("write", before.write, after.write),
  };
}

function directionDelta(direction: string, before: DirectionTotals, after: DirectionTotals): Io {
  const latency = grownBins(direction, before.latency, after.latency);
  return create(IoSchema, {
    ios: grown(`${direction} I/Os`, before.ios, after.ios),
    bytes: BigInt(grown(`${direction} bytes`, before.bytes, after.bytes)),
    latency: toLatency(latency),
  });
}

function grownBins(direction: string, before: Histogram, after: Histogram): Histogram {
  const latency = new Histogram();
  if (before.total === 0 && after.total === 0) return latency;
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const old = before.counts[bin] ?? 0;
    const count = after.counts[bin] ?? 0;
    if (count !== old) latency.add(bin, grown(`${direction} latency bin ${bin}`, old, count));
  }
  return latency;
}

function grown(what: string, before: number, after: number): number {
  if (after >= before) return after - before;
  throw new SalvoError("corrupt", `fio's total of ${what} went down from ${before} to ${after}`, {
    remedy: "Two fio processes may have written to one output; look at the agent's log of this run",
  });
}

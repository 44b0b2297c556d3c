/** I/Os of one participant and direction, added up; and rates of several of them together. */
import { create } from "@bufbuild/protobuf";
import { type DirectionTotals, DirectionTotalsSchema, type Totals, TotalsSchema } from "@salvo/proto/run_pb.ts";
import type { Io } from "@salvo/proto/telemetry_pb.ts";
import { BIN_COUNT } from "@salvo/shared/fio/bins.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { longestNs } from "./longest.ts";
import { percentilesOfBins } from "./percentiles.ts";

export const DIRECTIONS = ["read", "write"] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface IoSum {
  ios: number;
  /** Exact to 9 PB. */
  bytes: number;
  /** How many latencies each of fio's bins has: bare numbers, as a run may have hundreds of millions to add. */
  readonly bins: Float64Array;
}

export function emptySum(): IoSum {
  return { ios: 0, bytes: 0, bins: new Float64Array(BIN_COUNT) };
}

export function addIo(sum: IoSum, { ios, bytes, latency }: Io): void {
  sum.ios += ios;
  sum.bytes += Number(bytes);
  if (!latency) return;
  for (let index = 0; index < latency.bins.length; index++) {
    const bin = latency.bins[index] ?? BIN_COUNT;
    const count = sum.bins[bin];
    if (count === undefined) throw new SalvoError("corrupt", `a sample has a latency in bin ${bin}, which fio has not`);
    sum.bins[bin] = count + (latency.counts[index] ?? 0);
  }
}

/** One participant in both directions. */
export interface Share {
  readonly sums: Readonly<Record<Direction, IoSum>>;
  /** The time that its counts are of. */
  readonly seconds: number;
  /** The longest latency of fio's whole run in each direction, ns, as its result says. */
  readonly longestNs: Readonly<Partial<Record<Direction, number>>>;
}

/** Participants together: the sum of their rates, each over its own time, and the latencies of all their I/Os. */
export function totalsOfShares(shares: readonly Share[]): Totals {
  const read = ratesOf(shares, ["read"]);
  const write = ratesOf(shares, ["write"]);
  return create(TotalsSchema, {
    ...figuresOf(ratesOf(shares, DIRECTIONS)),
    ...(read.ios > 0 && { read: directionOf(read) }),
    ...(write.ios > 0 && { write: directionOf(write) }),
  });
}

interface Rates {
  readonly ios: number;
  readonly iops: number;
  readonly bytesPerSec: number;
  readonly bins: Float64Array;
  readonly mostNs: number | undefined;
}

function ratesOf(shares: readonly Share[], directions: readonly Direction[]): Rates {
  const bins = new Float64Array(BIN_COUNT);
  let [ios, iops, bytesPerSec] = [0, 0, 0];
  let mostNs: number | undefined;
  for (const { sums, seconds, longestNs: longest } of shares)
    for (const direction of directions) {
      const sum = sums[direction];
      ios += sum.ios;
      iops += sum.ios / seconds;
      bytesPerSec += sum.bytes / seconds;
      for (let bin = 0; bin < BIN_COUNT; bin++) bins[bin] = (bins[bin] ?? 0) + (sum.bins[bin] ?? 0);
      const ownNs = longestNs(sum.bins, longest[direction]);
      if (ownNs !== undefined) mostNs = Math.max(mostNs ?? 0, ownNs);
    }
  return { ios, iops, bytesPerSec, bins, mostNs };
}

const BYTES_PER_MIB = 2 ** 20;

function figuresOf({ iops, bytesPerSec, bins, mostNs }: Rates) {
  const latencyUs = { ...percentilesOfBins(bins), ...(mostNs !== undefined && { max: mostNs / 1000 }) };
  return { iops, mibPerSec: bytesPerSec / BYTES_PER_MIB, latencyUs };
}

function directionOf(rates: Rates): DirectionTotals {
  return create(DirectionTotalsSchema, figuresOf(rates));
}

import { create } from "@bufbuild/protobuf";
import { LatencySchema, type Latency } from "@salvo/proto/telemetry_pb.ts";
import { assert } from "../kernel/assert.ts";
import { BIN_COUNT, binNs, binWidthNs, CLAMP_BIN } from "./bins.ts";

/** Of every histogram that is empty: in many dumps one direction is, and 15 kB of garbage each time would add up. */
const NOTHING = new Float64Array(BIN_COUNT);

/** How often each latency happened, by fio's bins. Adding histograms of jobs, devices, hosts and intervals is exact. */
export class Histogram {
  /** By bin; only add() changes it. */
  counts: Float64Array = NOTHING;
  #total = 0;

  /** How many latencies are in it. */
  get total(): number {
    return this.#total;
  }

  /** A negative count takes away. Exact up to 2^53. */
  add(bin: number, count: number): void {
    const old = this.counts[bin];
    // The text of a bug is made when there is one: this is called for every bin of every sample.
    if (old === undefined || !Number.isSafeInteger(count) || old + count < 0)
      return assert(false, `bin ${bin} cannot go from ${old} by ${count}`);
    if (this.counts === NOTHING) this.counts = new Float64Array(BIN_COUNT);
    this.counts[bin] = old + count;
    this.#total += count;
  }

  merge(other: Histogram): void {
    for (const [bin, count] of other.used()) this.add(bin, count);
  }

  /** What is taken away must be in it. */
  subtract(other: Histogram): void {
    for (const [bin, count] of other.used()) this.add(bin, -count);
  }

  /** Bins with their counts, ascending, without the empty ones. */
  *used(): Generator<readonly [bin: number, count: number]> {
    if (this.#total === 0) return;
    // Not by entries(): a pair for each of 1,856 bins is 200 kB of garbage.
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const count = this.counts[bin] ?? 0;
      if (count > 0) yield [bin, count];
    }
  }
}

/** Adds a histogram that came over the wire. */
export function addLatency(histogram: Histogram, { bins, counts }: Latency): void {
  assert(bins.length === counts.length, `${bins.length} bins but ${counts.length} counts`);
  for (const [index, bin] of bins.entries()) histogram.add(bin, counts[index] ?? 0);
}

/** For one interval's histogram: the message's counts end at 2^32. */
export function toLatency(histogram: Histogram): Latency {
  const bins: number[] = [];
  const counts: number[] = [];
  for (const [bin, count] of histogram.used()) {
    assert(count < 2 ** 32, `${count} I/Os of one latency do not fit into a Latency message`);
    bins.push(bin);
    counts.push(count);
  }
  return create(LatencySchema, { bins, counts });
}

export interface Percentile {
  /** The middle of the bin, as fio prints it. */
  readonly ns: number;
  /** The bin's width: the true value is at most half of it away. */
  readonly resolutionNs: number;
  /** In fio's last bin: the true value may be anything from 17.1 s up. */
  readonly clamped: boolean;
}

/** So many I/Os must lie beyond a percentile before it says something about the device rather than about single events. */
const SAMPLES_BEYOND_MIN = 10;

/**
 * The latency that the share p (0.99 for p99) of all I/Os stayed within; the same bin that fio chooses
 * (stat.c, calc_clat_percentiles). Undefined when fewer than 10 I/Os lie beyond it: p99 needs 1000 I/Os, p99.9 10 000.
 */
export function percentileNs(histogram: Histogram, p: number): Percentile | undefined {
  assert(p > 0 && p < 1, `${p} is no share between 0 and 1`);
  const within = p * histogram.total;
  // 1000 - 0.99 * 1000 may come out a hair below 10.
  if (histogram.total - within < SAMPLES_BEYOND_MIN - 1e-6) return undefined;
  let sum = 0;
  for (const [bin, count] of histogram.used()) {
    sum += count;
    if (sum >= within) return { ns: binNs(bin), resolutionNs: binWidthNs(bin), clamped: bin === CLAMP_BIN };
  }
  return undefined;
}

import { create } from "@bufbuild/protobuf";
import { TotalsSchema, type RunSpec, type Totals } from "@salvo/proto/run_pb.ts";
import type { CpuSample, FioSample, Io, Record } from "@salvo/proto/telemetry_pb.ts";
import { BIN_COUNT, CLAMP_BIN } from "@salvo/shared/fio/bins.ts";
import { Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { TickSpan } from "./window.ts";

/** What was done within a span of ticks. Records may come in any order, but each only once. */
export interface Measured {
  readonly span: TickSpan;
  add(agent: string, record: Record): void;
  /** Of all participants together: their I/O over the length of the span. */
  totals(): Totals;
  /** Of one; undefined when no sample of it is in the span. A lost one is measured over its own, shorter time. */
  totalsOf(participant: string, lost: boolean): Totals | undefined;
  /** How many ticks fio did not answer in time, by participant. What it did then stands in a later sample. */
  lateTicks(): Map<string, number>;
  /** Participants whose fio was late at an end of the span: a part of what they did is counted on the wrong side of it. */
  lateAtAnEnd(): string[];
  /** Share of all cores' time that was not idle, 0 to 1, by agent. */
  busyShares(): Map<string, number>;
  /** Participants with latencies in fio's last bin, which holds everything above 17 s. */
  clamped(): string[];
}

export function createMeasured(spec: RunSpec, span: TickSpan): Measured {
  const participants = new Map<string, Sum>();
  const cpus = new Map<string, { busyMs: number; allMs: number }>();
  const late = new Set<string>();
  const inSpan = (tick: number) => tick > span.first && tick <= span.last;
  const secondsTo = (lastTick: number) => ((lastTick - span.first) * spec.intervalMs) / 1000;

  return {
    span,
    add(agent, { body }) {
      if (body.case === "fio") {
        const { participant, tick, stalled } = body.value;
        if (stalled && (tick === span.first || tick === span.last)) late.add(participant);
        if (!inSpan(tick)) return;
        let sum = participants.get(participant);
        if (!sum) participants.set(participant, (sum = emptySum()));
        addSample(sum, body.value);
      } else if (body.case === "cpu" && inSpan(body.value.tick)) {
        let cpu = cpus.get(agent);
        if (!cpu) cpus.set(agent, (cpu = { busyMs: 0, allMs: 0 }));
        addCpu(cpu, body.value);
      }
    },
    totals() {
      const all = emptySum();
      for (const sum of participants.values()) merge(all, sum);
      return totalsOver(all, secondsTo(span.last));
    },
    totalsOf(participant, lost) {
      const sum = participants.get(participant);
      return sum && totalsOver(sum, secondsTo(lost ? sum.lastTick : span.last));
    },
    lateTicks: () =>
      new Map([...participants].filter(([, sum]) => sum.lateTicks > 0).map(([id, sum]) => [id, sum.lateTicks])),
    lateAtAnEnd: () => [...late],
    busyShares: () => new Map([...cpus].map(([agent, { busyMs, allMs }]) => [agent, allMs > 0 ? busyMs / allMs : 0])),
    clamped: () => [...participants].filter(([, { bins }]) => (bins[CLAMP_BIN] ?? 0) > 0).map(([id]) => id),
  };
}

interface Sum {
  ios: number;
  /** Exact to 9 PB. */
  bytes: number;
  /** How many latencies each of fio's bins has: bare numbers, as a run may have hundreds of millions to add. */
  readonly bins: Float64Array;
  lastTick: number;
  lateTicks: number;
}

function emptySum(): Sum {
  return { ios: 0, bytes: 0, bins: new Float64Array(BIN_COUNT), lastTick: 0, lateTicks: 0 };
}

function addSample(sum: Sum, { tick, stalled, read, write }: FioSample): void {
  if (read) addIo(sum, read);
  if (write) addIo(sum, write);
  sum.lastTick = Math.max(sum.lastTick, tick);
  if (stalled) sum.lateTicks++;
}

function addIo(sum: Sum, { ios, bytes, latency }: Io): void {
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

function merge(into: Sum, from: Sum): void {
  into.ios += from.ios;
  into.bytes += from.bytes;
  for (const [bin, count] of from.bins.entries()) into.bins[bin] = (into.bins[bin] ?? 0) + count;
}

function addCpu(cpu: { busyMs: number; allMs: number }, { cores }: CpuSample): void {
  for (const { userMs, systemMs, irqMs, softirqMs, stealMs, idleMs, iowaitMs } of cores) {
    const busyMs = userMs + systemMs + irqMs + softirqMs + stealMs;
    cpu.busyMs += busyMs;
    cpu.allMs += busyMs + idleMs + iowaitMs;
  }
}

const BYTES_PER_MIB = 2 ** 20;

function totalsOver({ ios, bytes, bins }: Sum, seconds: number): Totals {
  const latency = new Histogram();
  for (const [bin, count] of bins.entries()) latency.add(bin, count);
  const us = (p: number) => {
    const found = percentileNs(latency, p);
    return found && found.ns / 1000;
  };
  const [p50, p99, p999] = [us(0.5), us(0.99), us(0.999)];
  return create(TotalsSchema, {
    iops: ios / seconds,
    mibPerSec: bytes / BYTES_PER_MIB / seconds,
    latencyUs: {
      ...(p50 !== undefined && { p50 }),
      ...(p99 !== undefined && { p99 }),
      ...(p999 !== undefined && { p999 }),
    },
  });
}

import { create } from "@bufbuild/protobuf";
import { TotalsSchema, type RunSpec, type Totals } from "@salvo/proto/run_pb.ts";
import type { FioSample, Io, Record } from "@salvo/proto/telemetry_pb.ts";
import { BIN_COUNT, CLAMP_BIN } from "@salvo/shared/fio/bins.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import { busyShare, busyTime, type BusyTime } from "../domain/busy.ts";
import type { Clocks } from "./clocks.ts";
import { createCoreSums, type CoreSum } from "./core-sums.ts";
import { percentilesOfBins } from "./percentiles.ts";
import type { TickSpan } from "./window.ts";

/** What was done within a span of ticks. Records may come in any order, but each only once. */
export interface Measured {
  readonly span: TickSpan;
  add(agent: string, record: Record): void;
  /** Of participants together: the sum of their rates, each over its own time, and the latencies of all their I/Os. */
  totals(participants: readonly string[]): Totals;
  /** Of one; undefined when fio answered for it nowhere in the span. */
  totalsOf(participant: string): Totals | undefined;
  /** The time that its counts are of; undefined as its totals are. */
  secondsOf(participant: string): number | undefined;
  /** The length of the span itself. */
  readonly seconds: number;
  /** How many ticks fio did not answer in time, by participant. What it did then stands in a later sample. */
  lateTicks(): Map<string, number>;
  /** Share of all cores' time that was not idle, 0 to 1, by agent. */
  busyShares(): Map<string, number>;
  /** What each core did, by agent and core number. */
  coreTimes(): ReadonlyMap<string, readonly CoreSum[]>;
  /** Participants with latencies in fio's last bin, which holds everything above 17 s. */
  clamped(): string[];
}

export function createMeasured(spec: RunSpec, span: TickSpan, clocks: Pick<Clocks, "afterT0">): Measured {
  const participants = new Map<string, Sum>();
  const cpus = new Map<string, BusyTime>();
  const cores = createCoreSums();
  const inSpan = (tick: number) => tick > span.first && tick <= span.last;

  function sumOf(agent: string, participant: string): Sum {
    let sum = participants.get(participant);
    if (!sum) participants.set(participant, (sum = emptySum(agent)));
    return sum;
  }

  function secondsOf(participant: string): number | undefined {
    const { agent, before, last } = participants.get(participant) ?? emptySum("");
    if (!last) return undefined;
    const ns = afterT0Ns(agent, last) - (before ? afterT0Ns(agent, before) : 0n);
    return ns > 0n ? Number(ns) / 1e9 : undefined;
  }

  /** Of an agent whose clock was never probed the ticks themselves are all that is known. */
  function afterT0Ns(agent: string, { tick, agentNs }: Answer): bigint {
    return clocks.afterT0(agent, agentNs)?.ns ?? msToNs(tick * spec.intervalMs);
  }

  return {
    span,
    seconds: ((span.last - span.first) * spec.intervalMs) / 1000,
    add(agent, { body }) {
      if (body.case === "fio") {
        const { tick, participant } = body.value;
        if (inSpan(tick)) addSample(sumOf(agent, participant), body.value);
        else if (tick <= span.first) addBefore(sumOf(agent, participant), body.value);
      } else if (body.case === "cpu" && inSpan(body.value.tick)) {
        cores.add(agent, body.value.cores);
        const { busyMs, allMs } = busyTime(body.value.cores);
        const sum = cpus.get(agent);
        cpus.set(agent, { busyMs: busyMs + (sum?.busyMs ?? 0), allMs: allMs + (sum?.allMs ?? 0) });
      }
    },
    totals(ids) {
      const bins = new Float64Array(BIN_COUNT);
      let iops = 0;
      let bytesPerSec = 0;
      for (const id of ids) {
        const sum = participants.get(id);
        const seconds = secondsOf(id);
        if (!sum || seconds === undefined) continue;
        iops += sum.ios / seconds;
        bytesPerSec += sum.bytes / seconds;
        for (const [bin, count] of sum.bins.entries()) bins[bin] = (bins[bin] ?? 0) + count;
      }
      return totalsOf(iops, bytesPerSec, bins);
    },
    totalsOf(participant) {
      const sum = participants.get(participant);
      const seconds = secondsOf(participant);
      return sum && seconds ? totalsOf(sum.ios / seconds, sum.bytes / seconds, sum.bins) : undefined;
    },
    secondsOf,
    lateTicks: () =>
      new Map([...participants].filter(([, sum]) => sum.lateTicks > 0).map(([id, sum]) => [id, sum.lateTicks])),
    busyShares: () => new Map([...cpus].map(([agent, time]) => [agent, busyShare(time)])),
    coreTimes: () => cores.byAgent,
    clamped: () => [...participants].filter(([, { bins }]) => (bins[CLAMP_BIN] ?? 0) > 0).map(([id]) => id),
  };
}

/** A tick's counts, and the instant that they are of. */
interface Answer {
  readonly tick: number;
  readonly agentNs: bigint;
}

interface Sum {
  readonly agent: string;
  ios: number;
  /** Exact to 9 PB. */
  bytes: number;
  /** How many latencies each of fio's bins has: bare numbers, as a run may have hundreds of millions to add. */
  readonly bins: Float64Array;
  lateTicks: number;
  /** The last answer up to the span's beginning: what is counted in the span was done after it. T0 without one. */
  before: Answer | undefined;
  /** The last in the span. */
  last: Answer | undefined;
}

function emptySum(agent: string): Sum {
  const bins = new Float64Array(BIN_COUNT);
  return { agent, ios: 0, bytes: 0, bins, lateTicks: 0, before: undefined, last: undefined };
}

function addBefore(sum: Sum, sample: FioSample): void {
  if (!sample.stalled && sample.tick > (sum.before?.tick ?? 0)) sum.before = answerOf(sample);
}

function addSample(sum: Sum, sample: FioSample): void {
  const { tick, stalled, read, write } = sample;
  if (read) addIo(sum, read);
  if (write) addIo(sum, write);
  if (stalled) sum.lateTicks++;
  else if (tick > (sum.last?.tick ?? 0)) sum.last = answerOf(sample);
}

function answerOf({ tick, countedAtNs, takenAtNs }: FioSample): Answer {
  return { tick, agentNs: countedAtNs === 0n ? takenAtNs : countedAtNs };
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

const BYTES_PER_MIB = 2 ** 20;

function totalsOf(iops: number, bytesPerSec: number, bins: Float64Array): Totals {
  return create(TotalsSchema, { iops, mibPerSec: bytesPerSec / BYTES_PER_MIB, latencyUs: percentilesOfBins(bins) });
}

import type { RunSpec, Totals } from "@salvo/proto/run_pb.ts";
import type { FioSample, Record } from "@salvo/proto/telemetry_pb.ts";
import { CLAMP_BIN } from "@salvo/shared/fio/bins.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import { busyShare, busyTime, type BusyTime } from "../domain/busy.ts";
import type { Clocks } from "./clocks.ts";
import { createCoreSums, type CoreSum } from "./core-sums.ts";
import { addIo, type Direction, emptySum, type IoSum, type Share, totalsOfShares } from "./io-sums.ts";
import { longestOfResult } from "./longest.ts";
import { createQueueSums, type QueueFigures } from "./queue-sums.ts";
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
  /** Bytes that fio moved for a participant, and that its disk counted: undefined without counters. */
  bytesOf(participant: string): number;
  diskBytesOf(participant: string): number | undefined;
  /** Requests in flight at each participant's disk, as samples saw them; without those whose disks do not tell. */
  queues(): readonly QueueFigures[];
  /** What each core did, by agent and core number. */
  coreTimes(): ReadonlyMap<string, readonly CoreSum[]>;
  /** Participants with latencies in fio's last bin, which holds everything above 17 s. */
  clamped(): string[];
}

export function createMeasured(spec: RunSpec, span: TickSpan, clocks: Pick<Clocks, "afterT0">): Measured {
  const participants = new Map<string, Sum>();
  const cpus = new Map<string, BusyTime>();
  const diskBytes = new Map<string, number>();
  const cores = createCoreSums();
  const queues = createQueueSums();
  const inSpan = (tick: number) => tick > span.first && tick <= span.last;

  function sumOf(agent: string, participant: string): Sum {
    let sum = participants.get(participant);
    if (!sum) participants.set(participant, (sum = emptyOf(agent)));
    return sum;
  }

  function secondsOf(participant: string): number | undefined {
    const sum = participants.get(participant);
    if (!sum?.last) return undefined;
    const { agent, before, last } = sum;
    const ns = afterT0Ns(agent, last) - (before ? afterT0Ns(agent, before) : 0n);
    return ns > 0n ? Number(ns) / 1e9 : undefined;
  }

  function shareOf(participant: string): Share | undefined {
    const sum = participants.get(participant);
    const seconds = secondsOf(participant);
    return sum && seconds !== undefined ? { sums: sum.sums, seconds, longestNs: sum.longestNs } : undefined;
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
      } else if (body.case === "disk" && inSpan(body.value.tick)) {
        const { participant, readBytes, writtenBytes, inFlight, gap } = body.value;
        if (!gap && participant !== "") queues.add(participant, inFlight);
        diskBytes.set(participant, (diskBytes.get(participant) ?? 0) + Number(readBytes + writtenBytes));
      } else if (body.case === "final") {
        sumOf(agent, body.value.participant).longestNs = longestOfResult(body.value.json);
      }
    },
    totals: (ids) => totalsOfShares(ids.flatMap((id) => shareOf(id) ?? [])),
    totalsOf(participant) {
      const share = shareOf(participant);
      return share && totalsOfShares([share]);
    },
    secondsOf,
    lateTicks: () =>
      new Map([...participants].filter(([, sum]) => sum.lateTicks > 0).map(([id, sum]) => [id, sum.lateTicks])),
    busyShares: () => new Map([...cpus].map(([agent, time]) => [agent, busyShare(time)])),
    bytesOf: (participant) => {
      const { read, write } = participants.get(participant)?.sums ?? { read: undefined, write: undefined };
      return (read?.bytes ?? 0) + (write?.bytes ?? 0);
    },
    diskBytesOf: (participant) => diskBytes.get(participant),
    queues: () => queues.all(),
    coreTimes: () => cores.byAgent,
    clamped: () => [...participants].filter(([, { sums }]) => isClamped(sums)).map(([id]) => id),
  };
}

/** A tick's counts, and the instant that they are of. */
interface Answer {
  readonly tick: number;
  readonly agentNs: bigint;
}

interface Sum {
  readonly agent: string;
  readonly sums: Readonly<globalThis.Record<Direction, IoSum>>;
  lateTicks: number;
  /** The last answer up to the span's beginning: what is counted in the span was done after it. T0 without one. */
  before: Answer | undefined;
  /** The last in the span. */
  last: Answer | undefined;
  longestNs: Share["longestNs"];
}

function emptyOf(agent: string): Sum {
  const sums = { read: emptySum(), write: emptySum() };
  return { agent, sums, lateTicks: 0, before: undefined, last: undefined, longestNs: {} };
}

function isClamped({ read, write }: Sum["sums"]): boolean {
  return [read, write].some(({ bins }) => (bins[CLAMP_BIN] ?? 0) > 0);
}

function addBefore(sum: Sum, sample: FioSample): void {
  if (!sample.stalled && sample.tick > (sum.before?.tick ?? 0)) sum.before = answerOf(sample);
}

function addSample(sum: Sum, sample: FioSample): void {
  const { tick, stalled, read, write } = sample;
  if (read) addIo(sum.sums.read, read);
  if (write) addIo(sum.sums.write, write);
  if (stalled) sum.lateTicks++;
  else if (tick > (sum.last?.tick ?? 0)) sum.last = answerOf(sample);
}

function answerOf({ tick, countedAtNs, takenAtNs }: FioSample): Answer {
  return { tick, agentNs: countedAtNs === 0n ? takenAtNs : countedAtNs };
}

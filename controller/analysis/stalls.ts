/** Who stood still in a run, for how long and at which ticks. A fold over its records. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { FioSample, Io, Record } from "@salvo/proto/telemetry_pb.ts";
import { binRangeNs } from "@salvo/shared/fio/bins.ts";
import { jobIopsMax } from "@salvo/shared/fio/job-limit.ts";
import { msToNs, nsToMs } from "@salvo/shared/kernel/time.ts";
import type { Clocks } from "./clocks.ts";
import { ticksText } from "./sentences.ts";
import type { TickSpan } from "./window.ts";

export interface Stall {
  readonly agent: string;
  /** Undefined when the agent itself stood still. */
  readonly participant: string | undefined;
  readonly kind: "no-answer" | "no-io" | "late-ticks";
  readonly firstTick: number;
  readonly lastTick: number;
  /** At least so long. */
  readonly seconds: number;
}

export interface Stalls {
  /** Each agent's records ascending by seq. */
  add(agent: string, record: Record): void;
  /** The longest first. */
  all(): Stall[];
}

/** Whether a stall reaches into a span, so that figures over the span contain it. */
export function reachesInto({ firstTick, lastTick }: Stall, { first, last }: TickSpan): boolean {
  return lastTick >= first && firstTick <= last;
}

/** More is a stall, of so many intervals. */
const INTERVALS_MAX = 2;
/** At shorter intervals a busy host's fio answers some ticks late, while its I/O goes on. */
const UNANSWERED_MS_MIN = 500;
/** Shorter than this, a workload may just be slow. */
const WITHOUT_IO_MS_MIN = 2_000;
/** Of one participant, or agent: a run of a week must not keep them all. */
const KEPT_MAX = 100;

/** `fio of guest1.disk1 did not answer for 2.6 s, at ticks 4 to 6`. */
export function stallText({ agent, participant = agent, kind, firstTick, lastTick, seconds }: Stall): string {
  const ticks = ticksText(firstTick, lastTick);
  const long = `${seconds.toFixed(1)} s`;
  switch (kind) {
    case "no-answer":
      return `fio of ${participant} did not answer for ${long}, at ${ticks}`;
    case "no-io":
      return `${participant} did no I/O for ${long}, at ${ticks}: its storage did not answer`;
    case "late-ticks":
      return `agent ${agent} stood still for ${long}: it took ${ticks} late`;
  }
}

export function createStalls({ intervalMs, workload }: RunSpec, clocks: Pick<Clocks, "afterT0">): Stalls {
  /** Under a limit fio sleeps between two I/Os of a job, and answers when it wakes. */
  const iopsMax = workload ? jobIopsMax(workload) : 0;
  const pauseMs = iopsMax > 0 ? 1000 / iopsMax : 0;
  const limitMs = Math.max(INTERVALS_MAX * intervalMs, UNANSWERED_MS_MIN);
  const withoutIoMs = Math.max(INTERVALS_MAX * intervalMs, WITHOUT_IO_MS_MIN, INTERVALS_MAX * pauseMs);
  const found = new Map<string, Stall[]>();
  /** By participant: ticks that it has not answered, or has answered without any I/O, one after another. */
  const unanswered = new Map<string, Ticks & { readonly sinceNs: bigint }>();
  const idle = new Map<string, Ticks>();
  /** By agent: ticks that it took late. */
  const late = new Map<string, Ticks>();

  function keep(key: string, stall: Stall): void {
    const kept = found.get(key) ?? [];
    found.set(key, kept);
    const same = kept.findIndex(({ kind, firstTick }) => kind === stall.kind && firstTick === stall.firstTick);
    if (same >= 0) kept[same] = stall; // it has gone on
    else if (kept.length < KEPT_MAX) kept.push(stall);
  }

  function addFio(agent: string, sample: FioSample): void {
    const { participant, tick, stalled, takenAtNs, countedAtNs, read, write } = sample;
    const open = unanswered.get(participant);
    if (stalled) {
      const sinceNs = open?.sinceNs ?? takenAtNs;
      return void unanswered.set(participant, { ...grown(open, tick), sinceNs });
    }
    if (open) {
      unanswered.delete(participant);
      const sinceTickMs = nsToMs((countedAtNs === 0n ? takenAtNs : countedAtNs) - open.sinceNs);
      // fio stopped up to an interval before that tick; what it had in flight then tells when.
      const longest = Math.max(longestMs(read), longestMs(write));
      const ms = Math.max(sinceTickMs, Math.min(longest, sinceTickMs + intervalMs));
      if (ms > limitMs + pauseMs)
        keep(participant, { agent, participant, kind: "no-answer", ...span(open), seconds: ms / 1000 });
    }
    if ((read?.ios ?? 0) + (write?.ios ?? 0) > 0) return void idle.delete(participant);
    const standing = grown(idle.get(participant), tick);
    idle.set(participant, standing);
    const ms = (standing.last - standing.first + 1) * intervalMs;
    if (ms >= withoutIoMs)
      keep(participant, { agent, participant, kind: "no-io", ...span(standing), seconds: ms / 1000 });
  }

  /** The agent takes a tick at its instant, or when it is let go on. */
  function addTick(agent: string, tick: number, takenAtNs: bigint): void {
    const at = clocks.afterT0(agent, takenAtNs);
    if (!at) return;
    const lateMs = nsToMs(at.ns - msToNs(tick * intervalMs));
    if (lateMs <= intervalMs) return void late.delete(agent);
    const standing = grown(late.get(agent), tick, lateMs);
    late.set(agent, standing);
    if (standing.ms > limitMs)
      keep(agent, {
        agent,
        participant: undefined,
        kind: "late-ticks",
        ...span(standing),
        seconds: standing.ms / 1000,
      });
  }

  return {
    add(agent, { body }) {
      if (body.case === "fio") addFio(agent, body.value);
      else if (body.case === "cpu") addTick(agent, body.value.tick, body.value.takenAtNs);
    },
    all: () => [...found.values()].flat().sort((a, b) => b.seconds - a.seconds),
  };
}

/** The longest latency of a sample, from below: what was in flight when fio stopped took at least as long as the stall. */
function longestMs(io: Io | undefined): number {
  const { bins = [], counts = [] } = io?.latency ?? {};
  const bin = bins.findLast((_, index) => (counts[index] ?? 0) > 0);
  return bin === undefined ? 0 : binRangeNs(bin).leastNs / 1e6;
}

/** Ticks one after another. */
interface Ticks {
  readonly first: number;
  readonly last: number;
  /** By how much the latest of them was late. */
  readonly ms: number;
}

function grown(before: Ticks | undefined, tick: number, ms = 0): Ticks {
  if (before?.last !== tick - 1) return { first: tick, last: tick, ms };
  return { first: before.first, last: tick, ms: Math.max(before.ms, ms) };
}

function span({ first, last }: Ticks) {
  return { firstTick: first, lastTick: last };
}

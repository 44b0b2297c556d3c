import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import { START_BOUND_MS_MAX, START_SPREAD_MS_MAX } from "./spread.ts";

/**
 * A span between two ticks, tick n being T0 + n x interval. The samples in it are those of ticks first + 1 to last, as the
 * sample of a tick tells what happened since the tick before.
 */
export interface TickSpan {
  readonly first: number;
  readonly last: number;
}

/** After the ramp, to the last tick of the run: ticks that fall between are the first after and the last before. */
export function plannedSpan({ workload, intervalMs }: RunSpec): TickSpan {
  const rampMs = workload?.rampMs ?? 0;
  const durationMs = workload?.durationMs ?? 0;
  return { first: Math.ceil(rampMs / intervalMs), last: Math.floor((rampMs + durationMs) / intervalMs) };
}

export interface ParticipantSpan {
  readonly id: string;
  /** When its first I/O had happened at the latest, ns after T0; absent without a proof, which shortens nothing. */
  readonly startedNs: bigint | undefined;
  /** The last tick at which it was seen running. */
  readonly lastTick: number;
  /** Its agent was lost in mid-run and the run went on. */
  readonly lost: boolean;
}

/** A start that is neither late nor proven too widely shortens no window: its participant counts as running from the tick. */
const START_TOLERANCE_NS = msToNs(START_SPREAD_MS_MAX + START_BOUND_MS_MAX);

/**
 * The part of the planned span in which all participants were running: from the first tick at which each had done its first
 * I/O (or not more than 35 ms after it) to the last at which none had ended. A lost participant does not shorten it: what
 * it did until then counts, and the totals' reader is told. Undefined when nothing is left.
 */
export function windowOf(spec: RunSpec, participants: readonly ParticipantSpan[]): TickSpan | undefined {
  let { first, last } = plannedSpan(spec);
  const survivors = participants.filter(({ lost }) => !lost);
  for (const participant of survivors) {
    first = Math.max(first, beganAt(participant, spec));
    last = Math.min(last, participant.lastTick);
  }
  return survivors.length > 0 && first < last ? { first, last } : undefined;
}

/** Who made the window shorter than planned, each in words; the one that cost most first. */
export function shortenedBy(spec: RunSpec, participants: readonly ParticipantSpan[]): string[] {
  const planned = plannedSpan(spec);
  return participants
    .filter(({ lost }) => !lost)
    .flatMap((participant) => {
      const { id, lastTick } = participant;
      const began = beganAt(participant, spec);
      const late = {
        ticks: began - planned.first,
        text: `${id} began ${secondsText(participant.startedNs ?? 0n)} after T0`,
      };
      const early = { ticks: planned.last - lastTick, text: `${id} ended after tick ${lastTick} of ${planned.last}` };
      return [late, early];
    })
    .filter(({ ticks }) => ticks > 0)
    .sort((a, b) => b.ticks - a.ticks)
    .map(({ text }) => text);
}

function secondsText(ns: bigint): string {
  return `${(Number(ns) / 1e9).toFixed(2)} s`;
}

function beganAt({ startedNs }: ParticipantSpan, { intervalMs }: RunSpec): number {
  return startedNs === undefined ? 0 : tickAtOrAfter(startedNs - START_TOLERANCE_NS, intervalMs);
}

/** The last tick at or before an instant, ns after T0. */
export function tickAtOrBefore(ns: bigint, intervalMs: number): number {
  return ns < 0n ? 0 : Number(ns / msToNs(intervalMs));
}

function tickAtOrAfter(ns: bigint, intervalMs: number): number {
  return ns <= 0n ? 0 : Number((ns - 1n) / msToNs(intervalMs)) + 1;
}

import type { RunSpec, StreamCompleteness } from "@salvo/proto/run_pb.ts";
import { nsToMs } from "@salvo/shared/kernel/time.ts";
import { CLOCK_BOUND_MS_MAX } from "../domain/preflight.ts";
import type { KnownClock } from "./clocks.ts";
import type { Measured } from "./measured.ts";
import type { Observers } from "./observers.ts";
import type { AgentOutline } from "./outline.ts";
import { type Stall, stallText } from "./stalls.ts";
import { type UncollectedAgent, uncollectedNotes, wholeAgents } from "./uncollected.ts";
import { clockText } from "./verdict.ts";

interface Noted {
  readonly spec: RunSpec;
  readonly outlines: readonly AgentOutline[];
  /** In no total. */
  readonly lost: readonly string[];
  /** Out of reach in mid-run, and all that they measured is here. */
  readonly cameBack: readonly string[];
  readonly streams: readonly StreamCompleteness[];
  readonly uncollected: readonly UncollectedAgent[];
  readonly observers: Observers;
  readonly clocks: readonly KnownClock[];
  /** Outside of the window. */
  readonly stalls: readonly Stall[];
  readonly measured: Measured | undefined;
}

/** Sentences that explain the run itself. What is to be known before comparing it with others is a warning (warnings.ts). */
export function notesOn(noted: Noted): string[] {
  const { spec, outlines, streams, lost, cameBack, uncollected, observers, clocks, stalls, measured } = noted;
  return [
    ...spec.notes,
    ...outlines
      .filter(({ agent }) => lost.includes(agent) && !observers.has(agent))
      .map(
        ({ agent, lastTick }) =>
          `${agent} was lost after tick ${lastTick}; what it did until then is in its participants' figures, in no total`,
      ),
    ...cameBack.map((agent) => `${agent} was out of reach in mid-run; all its ticks are here, so it is in the totals`),
    ...uncollectedNotes(uncollected, wholeAgents(outlines, streams), spec),
    ...clocks
      .filter(({ once, boundNs }) => once && nsToMs(boundNs) <= CLOCK_BOUND_MS_MAX)
      .map((clock) => clockText(clock)),
    ...stalls.map((stall) => `${stallText(stall)}; that is outside of the window`),
    ...[...(measured?.lateTicks() ?? [])].map(
      ([id, ticks]) =>
        `fio of ${id} was late to answer ${ticks === 1 ? "1 tick" : `${ticks} ticks`}: I/Os of those stand in the sample after them`,
    ),
    ...outlines.flatMap(({ starts }) =>
      [...starts.values()].flatMap(({ participant, wallClockSet }) =>
        wallClockSet
          ? [`the wall clock of ${participant}'s host was set in mid-run: the start is proven without it`]
          : [],
      ),
    ),
    ...(measured?.clamped() ?? []).map((id) => `${id} had latencies of more than 17 s, which fio does not tell apart`),
    ...outlines.flatMap(({ paths }) => paths.map(({ participant, text }) => `${participant}: ${text}`)),
    ...outlines.flatMap(({ agent, warnings }) => warnings.map((warning) => `${agent}: ${warning}`)),
  ];
}

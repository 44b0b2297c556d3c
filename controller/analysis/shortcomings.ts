/** What a run is judged by, made of what its records told. Pure. */
import type { RunSpec, StreamCompleteness } from "@salvo/proto/run_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import type { RunFacts } from "./facts.ts";
import type { KnownClock } from "./clocks.ts";
import type { Measured } from "./measured.ts";
import type { Observers } from "./observers.ts";
import type { AgentOutline } from "./outline.ts";
import { type FirstIo, lateStarts, START_BOUND_MS_MAX, START_SPREAD_MS_MAX, widestProof } from "./spread.ts";
import type { Stall } from "./stalls.ts";
import { wholeAgents } from "./uncollected.ts";
import { type OffSpan, type Shortcomings, type ShortWindow, SPAN_SHARE_MAX } from "./verdict.ts";
import { type ParticipantSpan, plannedSpan, shortenedBy } from "./window.ts";

export interface Seen {
  readonly spec: RunSpec;
  readonly facts: RunFacts;
  readonly outlines: readonly AgentOutline[];
  readonly streams: readonly StreamCompleteness[];
  readonly firstIos: readonly FirstIo[];
  readonly spans: readonly ParticipantSpan[];
  readonly observers: Observers;
  readonly clocks: readonly KnownClock[];
  /** Agents whose clock, or that of the host that they sample, was not the same one throughout. */
  readonly jumped: readonly string[];
  /** In no total. */
  readonly lost: readonly string[];
  /** In the window, of agents that lasted. */
  readonly stalls: readonly Stall[];
  readonly samplesMissing: number;
  readonly measured: Measured | undefined;
}

export function shortcomingsOf(seen: Seen): Shortcomings {
  const { spec, facts, outlines, streams, firstIos, lost, measured, observers } = seen;
  const outlineOf = new Map(outlines.map((outline) => [outline.agent, outline]));
  const lasting = outlines.filter(({ agent }) => !lost.includes(agent));
  const working = lasting.filter(({ agent }) => !observers.has(agent));
  const isJudged = (agent: string) => !observers.isNoted(agent);
  const finished = new Set(lasting.filter(({ end }) => end?.outcome === Outcome.FINISHED).map(({ agent }) => agent));
  const ran = spec.participants.filter(({ agent }) => finished.has(agent));
  const started = new Set(firstIos.map(({ participant }) => participant));
  const withGaps = streams.flatMap(({ agent, missing }) => (missing > 0 ? [agent] : []));
  const whole = wholeAgents(outlines, streams);
  const uncollected = (facts.uncollected ?? []).filter(({ agent }) => !whole.has(agent));
  const isCollected = (id: string) => !uncollected.some(({ agent }) => agent === id);
  const { last } = plannedSpan(spec);
  return {
    aborted: facts.aborted,
    lostAgents: facts.lost.filter((agent) => lost.includes(agent) && !observers.has(agent)),
    lostObservers: facts.lost.filter((agent) => lost.includes(agent) && observers.has(agent) && isJudged(agent)),
    failedFio: working.flatMap(failuresOf),
    endedEarly: working.filter(({ end }) => isEarly(end?.outcome)).map(({ agent }) => agent),
    // Of somebody whose samples are missing nobody can say that it did nothing.
    withoutIo: ran
      .filter(({ agent, id }) => !withGaps.includes(agent) && !outlineOf.get(agent)?.ios.get(id))
      .map(({ id }) => id),
    withGaps: withGaps.filter(isCollected).filter(isJudged),
    withoutEnd: lasting
      .filter(({ agent, end }) => !end && isCollected(agent) && isJudged(agent))
      .map(({ agent }) => agent),
    uncollected: uncollected.filter(({ agent }) => isJudged(agent)),
    samplesMissing: seen.samplesMissing,
    pathsLost: lasting.flatMap(downs),
    stalls: seen.stalls,
    withoutStartProof: ran.filter(({ id }) => !started.has(id)).map(({ id }) => id),
    startedLate: lateStarts(firstIos, START_SPREAD_MS_MAX, START_BOUND_MS_MAX),
    lastUnanswered: ran
      .filter(({ agent, id }) => (outlineOf.get(agent)?.answeredTick.get(id) ?? 0) < last)
      .map(({ id }) => id),
    offSpan: measured ? offSpan(measured, spec, lost) : [],
    shortWindow: shortWindow(seen),
    jumped: seen.jumped.filter(isJudged),
    proof: widestProof(firstIos),
    clocks: seen.clocks.filter(({ agent }) => !observers.has(agent)),
  };
}

/** The agent could not be asked at the end, and may have gone on measuring by itself. */
export function isHeld({ uncollected = [], lost }: RunFacts, id: string): boolean {
  return uncollected.some(({ agent }) => agent === id) && lost.includes(id);
}

function shortWindow({ spec, spans, measured }: Seen): ShortWindow | undefined {
  const planned = plannedSpan(spec);
  if (measured?.span.first === planned.first && measured.span.last === planned.last) return undefined;
  const plannedSeconds = ((planned.last - planned.first) * spec.intervalMs) / 1000;
  return { seconds: measured?.seconds ?? 0, plannedSeconds, because: shortenedBy(spec, spans) };
}

function offSpan(measured: Measured, { participants }: RunSpec, lost: readonly string[]): OffSpan[] {
  const { seconds: wantedSeconds } = measured;
  return participants
    .filter(({ agent }) => !lost.includes(agent))
    .flatMap(({ id: participant }) => {
      const seconds = measured.secondsOf(participant);
      if (seconds === undefined || Math.abs(seconds - wantedSeconds) <= SPAN_SHARE_MAX * wantedSeconds) return [];
      return [{ participant, seconds, wantedSeconds }];
    });
}

function isEarly(outcome: Outcome | undefined): boolean {
  return outcome === Outcome.ABORTED || outcome === Outcome.INTERRUPTED;
}

/**
 * An agent that failed says which participant was the first, and why: the exit codes of the others, that were killed for it,
 * say nothing. Nor do those of an aborted run.
 */
function failuresOf(outline: AgentOutline): string[] {
  const { agent, end, exitCodes } = outline;
  if (!end || isEarly(end.outcome)) return [];
  // What had become of its storage before is why, most likely.
  const [lost] = downs(outline);
  const before = lost === undefined ? "" : `; before that, of ${lost}`;
  if (end.outcome === Outcome.FAILED) return [end.reason ? `${agent} (${end.reason}${before})` : agent];
  return [...exitCodes].filter(([, code]) => code !== 0).map(([id, code]) => `${id} (exit code ${code}${before})`);
}

function downs({ paths }: AgentOutline): string[] {
  return paths.flatMap(({ participant, down, text }) => (down ? [`${participant}: ${text}`] : []));
}

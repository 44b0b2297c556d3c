/** What came of a run: a fold over all its records, then one conclusion. Pure. */
import { create } from "@bufbuild/protobuf";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import {
  ParticipantResultSchema,
  RunSummarySchema,
  Verdict,
  WindowSchema,
  type ClockEstimate,
  type ParticipantResult,
  type RunSpec,
  type RunSummary,
  type StreamCompleteness,
} from "@salvo/proto/run_pb.ts";
import { Outcome, type Record, type StartProof } from "@salvo/proto/telemetry_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { msToNs, nsToMs } from "@salvo/shared/kernel/time.ts";
import { createClocks, jumpedClocks, type T0 } from "./clocks.ts";
import { createStreamCount, type StreamEntry } from "./completeness.ts";
import type { Measured } from "./measured.ts";
import { notesOn } from "./notes.ts";
import { addToOutline, type AgentOutline, createOutline } from "./outline.ts";
import { createSampleCount } from "./samplecount.ts";
import { lateStarts, startBoundNs, startSpread, type FirstIo } from "./spread.ts";
import { judge, SPAN_SHARE_MAX, START_SPREAD_MS_MAX, type Findings, type OffSpan } from "./verdict.ts";
import { plannedSpan, tickAtOrBefore, windowOf, type TickSpan } from "./window.ts";

/** What the conductor knows of a run and no record tells. */
export interface RunFacts {
  /** Undefined when the run ended before it was fired. */
  readonly t0: T0 | undefined;
  readonly clockBefore: ClockEstimate[];
  readonly clockAfter: ClockEstimate[];
  readonly agents: AgentDescription[];
  /** Why the run was ended before its plan; a sentence. */
  readonly aborted?: string | undefined;
  /** Agents that were lost in mid-run while the others went on. */
  readonly lost: readonly string[];
  /** Agents that may hold records that are not here. */
  readonly uncollected?: readonly string[];
  /** Agents that said that they ran to the end: all their samples are expected, whether or not their records are here. */
  readonly finished?: readonly string[];
  /** Sentences about how the run was conducted. */
  readonly notes?: readonly string[];
}

export interface Analysis {
  /** Each agent's records ascending by seq, each once. */
  add(agent: string, entry: StreamEntry, record: Record): void;
  /** Known when all records were added; undefined when the participants never ran together. */
  window(): TickSpan | undefined;
  /** With what was measured in the window, when there is one. */
  conclude(measured: Measured | undefined): Conclusion;
}

export interface Conclusion {
  readonly summary: RunSummary;
  readonly participants: ParticipantResult[];
  readonly streams: StreamCompleteness[];
  readonly starts: StartProof[];
  readonly notes: string[];
}

export function createAnalysis(spec: RunSpec, facts: RunFacts): Analysis {
  const clocks = createClocks(facts.t0, facts.clockBefore, facts.clockAfter);
  const streams = new Map(
    spec.agents.map(({ id }) => [id, { count: createStreamCount(id), outline: createOutline(id) }]),
  );
  const sampleCount = createSampleCount(spec);
  const isLost = (agent: string) => facts.lost.includes(agent);

  function streamOf(agent: string) {
    const stream = streams.get(agent);
    assert(stream, `${agent} is not an agent of run ${spec.run}`);
    return stream;
  }

  function firstIo(participant: string, agent: string): FirstIo | undefined {
    const proof = streamOf(agent).outline.starts.get(participant);
    const earliest = proof && clocks.afterT0(agent, proof.earliestNs);
    const latest = proof && clocks.afterT0(agent, proof.latestNs);
    if (!earliest || !latest) return undefined;
    return { participant, earliestNs: earliest.ns - earliest.boundNs, latestNs: latest.ns + latest.boundNs };
  }

  function lastTickOf(participant: string, agent: string): number {
    const { outline } = streamOf(agent);
    const answered = outline.answeredTick.get(participant) ?? 0;
    const exitedAtNs = outline.exitedAtNs.get(participant);
    const exited = exitedAtNs === undefined ? undefined : clocks.afterT0(agent, exitedAtNs);
    return exited ? Math.min(answered, tickAtOrBefore(exited.ns, spec.intervalMs)) : answered;
  }

  function window(): TickSpan | undefined {
    const participants = spec.participants.map(({ id, agent }) => ({
      startedNs: firstIo(id, agent)?.latestNs,
      lastTick: lastTickOf(id, agent),
      lost: isLost(agent),
    }));
    return windowOf(spec, participants);
  }

  function findings(measured: Measured | undefined, missing: number): Findings {
    const lasting = [...streams.values()].filter(({ outline }) => !isLost(outline.agent));
    const finished = lasting.filter(({ outline }) => outline.end?.outcome === Outcome.FINISHED);
    const finishedAgents = new Set(finished.map(({ outline }) => outline.agent));
    const ran = spec.participants.filter(({ agent }) => finishedAgents.has(agent));
    const planned = plannedSpan(spec);
    const estimates = [...facts.clockBefore, ...facts.clockAfter];
    const firstIos = allFirstIos();
    const withGaps = allStreams().flatMap(({ agent, missing }) => (missing > 0 ? [agent] : []));
    return {
      aborted: facts.aborted,
      lostAgents: facts.lost,
      failedFio: lasting.flatMap(({ outline }) => failuresOf(outline)),
      endedEarly: lasting.filter(({ outline }) => isEarly(outline.end?.outcome)).map(({ outline }) => outline.agent),
      // Of somebody whose samples are missing nobody can say that it did nothing.
      withoutIo: ran
        .filter(({ agent, id }) => !withGaps.includes(agent) && !streamOf(agent).outline.ios.get(id))
        .map(({ id }) => id),
      withGaps,
      withoutEnd: lasting.filter(({ outline }) => !outline.end).map(({ outline }) => outline.agent),
      uncollected: facts.uncollected ?? [],
      samplesMissing: missing,
      pathsLost: lasting.flatMap(({ outline }) => downs(outline)),
      withoutStartProof: ran.filter(({ id, agent }) => !firstIo(id, agent)).map(({ id }) => id),
      startedLate: lateStarts(firstIos, START_SPREAD_MS_MAX),
      lastUnanswered: ran
        .filter(({ agent, id }) => (streamOf(agent).outline.answeredTick.get(id) ?? 0) < planned.last)
        .map(({ id }) => id),
      offSpan: measured ? offSpan(measured) : [],
      windowShort: measured?.span.first !== planned.first || measured.span.last !== planned.last,
      jumped: jumpedClocks(facts.clockBefore, facts.clockAfter),
      startBoundMs: nsToMs(startBoundNs(firstIos)),
      clockBoundMs: Math.max(0, ...estimates.map(({ boundNs }) => nsToMs(boundNs))),
    };
  }

  const lasting = () => spec.participants.filter(({ agent }) => !isLost(agent)).map(({ id }) => id);

  function offSpan(measured: Measured): OffSpan[] {
    const { seconds: wantedSeconds } = measured;
    return lasting().flatMap((id) => {
      const seconds = measured.secondsOf(id);
      if (seconds === undefined || Math.abs(seconds - wantedSeconds) <= SPAN_SHARE_MAX * wantedSeconds) return [];
      return [{ participant: id, seconds, wantedSeconds }];
    });
  }

  const allStreams = () => [...streams.values()].map(({ count }) => count.result());
  const allFirstIos = () => spec.participants.flatMap(({ id, agent }) => firstIo(id, agent) ?? []);

  return {
    add(agent, entry, record) {
      const { count, outline } = streamOf(agent);
      count.add(entry);
      addToOutline(outline, record);
      sampleCount.add(agent, entry.source, record);
    },
    window,
    conclude(measured) {
      const samples = sampleCount.result(
        (agent) =>
          streamOf(agent).outline.end?.outcome === Outcome.FINISHED || facts.finished?.includes(agent) === true,
      );
      const found = findings(measured, samples.missing);
      const { verdict, reason } = judge(found);
      const spread = startSpread(allFirstIos());
      const outlines = [...streams.values()].map(({ outline }) => outline);
      return {
        summary: create(RunSummarySchema, {
          run: spec.run,
          study: spec.study,
          scenario: spec.scenario,
          workload: spec.workload?.name ?? "",
          repeat: spec.repeat,
          verdict: VERDICT_NAMES[verdict] ?? "",
          reason,
          participants: spec.participants.length,
          ...(spread && { startSpreadMs: spread }),
          clockBoundUs: found.clockBoundMs * 1000,
          ...(measured && facts.t0 && { window: windowAt(measured.span, facts.t0, spec.intervalMs) }),
          ...(measured && { totals: measured.totals(lasting()) }),
          samples,
        }),
        participants: spec.participants.map(({ id, agent }) => {
          const first = firstIo(id, agent);
          const totals = measured?.totalsOf(id);
          return create(ParticipantResultSchema, {
            id,
            ...(totals && { totals }),
            ...(first && { firstIoEarliestNs: first.earliestNs, firstIoLatestNs: first.latestNs }),
            started: first !== undefined,
            measuredSeconds: measured?.secondsOf(id) ?? 0,
            lost: isLost(agent),
          });
        }),
        streams: allStreams(),
        starts: outlines.flatMap(({ starts }) => [...starts.values()]),
        notes: [...(facts.notes ?? []), ...notesOn({ spec, outlines, lost: facts.lost, measured })],
      };
    },
  };
}

const VERDICT_NAMES: Readonly<Partial<globalThis.Record<Verdict, string>>> = {
  [Verdict.COMPLETE]: "complete",
  [Verdict.DEGRADED]: "degraded",
  [Verdict.INCOMPLETE]: "incomplete",
  [Verdict.ABORTED]: "aborted",
  [Verdict.INVALID]: "invalid",
};

function windowAt({ first, last }: TickSpan, t0: T0, intervalMs: number) {
  const at = (tick: number) => t0.wallNs + BigInt(tick) * msToNs(intervalMs);
  return create(WindowSchema, { startNs: at(first), endNs: at(last), firstTick: first, lastTick: last });
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

/** What came of a run: a fold over all its records, then one conclusion. Pure. */
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { create } from "@bufbuild/protobuf";
import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import {
  ParticipantResultSchema,
  RunSummarySchema,
  TotalsSchema,
  WindowSchema,
  type AgentHostClocks,
  type ClockEstimate,
  type ParticipantResult,
  type RunSpec,
  type RunSummary,
  type StreamCompleteness,
} from "@salvo/proto/run_pb.ts";
import { Outcome, type Record, type StartProof } from "@salvo/proto/telemetry_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { msToNs, nsToMs } from "@salvo/shared/kernel/time.ts";
import { contentOf } from "./run-content.ts";
import { createClocks, jumpedClocks, type KnownClock, knownClocks, type T0 } from "./clocks.ts";
import { createStreamCount, type StreamEntry } from "./completeness.ts";
import { findingsOf, isHeld } from "./findings.ts";
import { hasJumped, hostBoundNs, hostClocksOf } from "./host-clocks.ts";
import { whoIsLost } from "./lost.ts";
import type { Measured } from "./measured.ts";
import { notesOn } from "./notes.ts";
import { gapNotes, observerNotes, observersOf } from "./observers.ts";
import { addToOutline, createOutline } from "./outline.ts";
import { createSampleCount } from "./samplecount.ts";
import { startSpread, type FirstIo } from "./spread.ts";
import { createStalls, reachesInto, type Stall } from "./stalls.ts";
import type { UncollectedAgent } from "./uncollected.ts";
import { judge } from "./verdict.ts";
import { warningsOn } from "./warnings.ts";
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
  /** Agents that said that they ran to the end: all their samples are expected, whether or not their records are here. */
  readonly finished?: readonly string[];
  /** Agents that may hold records that are not here. */
  readonly uncollected?: readonly UncollectedAgent[];
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
  /** Of agents that sample another host than their own. */
  readonly hostClocks: AgentHostClocks[];
  readonly notes: string[];
}

export function createAnalysis(spec: RunSpec, facts: RunFacts): Analysis {
  const clocks = createClocks(facts.t0, facts.clockBefore, facts.clockAfter);
  const { last } = plannedSpan(spec);
  const known = knownClocks(facts.t0, facts.clockBefore, facts.clockAfter, msToNs(last * spec.intervalMs));
  const streams = new Map(
    spec.agents.map(({ id }) => [id, { count: createStreamCount(id), outline: createOutline(id) }]),
  );
  const sampleCount = createSampleCount(spec);
  const stalls = createStalls(spec, clocks);
  const observers = observersOf(spec);
  const hostClockOf = (agent: string) => hostClocksOf(streamOf(agent).outline, clocks);

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
    const hostNs = hostBoundNs(hostClockOf(agent));
    return {
      participant,
      agent,
      earliestNs: earliest.ns - earliest.boundNs - hostNs,
      latestNs: latest.ns + latest.boundNs + hostNs,
      clockBoundNs: latest.boundNs + hostNs,
      rttNs: known.find((clock) => clock.agent === agent)?.rttNs ?? 0n,
    };
  }

  function lastTickOf(participant: string, agent: string): number {
    const { outline } = streamOf(agent);
    const answered = outline.answeredTick.get(participant) ?? 0;
    const exitedAtNs = outline.exitedAtNs.get(participant);
    const exited = exitedAtNs === undefined ? undefined : clocks.afterT0(agent, exitedAtNs);
    return exited ? Math.min(answered, tickAtOrBefore(exited.ns, spec.intervalMs)) : answered;
  }

  const outlines = () => [...streams.values()].map(({ outline }) => outline);
  const completeness = () => [...streams.values()].map(({ count }) => count.result());
  const who = () =>
    whoIsLost({
      spec,
      silent: facts.lost,
      aborted: facts.aborted !== undefined,
      outlines: outlines(),
      streams: completeness(),
    });
  const spansOf = (lost: readonly string[]) =>
    spec.participants.map(({ id, agent }) => ({
      id,
      startedNs: firstIo(id, agent)?.latestNs,
      lastTick: lastTickOf(id, agent),
      lost: lost.includes(agent),
    }));

  /** The clock of the host that an agent samples is known to the sum of both bounds. */
  const chained = (): KnownClock[] =>
    known.map((clock) => {
      const hostNs = hostBoundNs(hostClockOf(clock.agent));
      return { ...clock, hostNs, boundNs: clock.boundNs + hostNs };
    });

  function jumped(): string[] {
    const hosts = spec.agents.flatMap(({ id }) => hostClockOf(id) ?? []).filter(hasJumped);
    return [...new Set([...jumpedClocks(facts.clockBefore, facts.clockAfter), ...hosts.map(({ agent }) => agent)])];
  }

  /** What is missing of an observer that is only noted makes no run incomplete. */
  function missingSamples(): number {
    const judged = spec.agents.filter(({ id }) => !observers.isNoted(id));
    return judged.reduce((sum, { id }) => sum + sampleCount.missingOf(id, hasAll), 0);
  }

  /** An agent that said that it finished, or that nobody could ask, has all planned samples. */
  function hasAll(agent: string): boolean {
    const { end } = streamOf(agent).outline;
    const held = !end && facts.aborted === undefined && isHeld(facts, agent);
    return held || end?.outcome === Outcome.FINISHED || facts.finished?.includes(agent) === true;
  }

  function conclude(measured: Measured | undefined): Conclusion {
    const { lost, cameBack } = who();
    const lasts = ({ agent }: { readonly agent: string }) => !lost.includes(agent);
    const firstIos = spec.participants.flatMap(({ id, agent }) => firstIo(id, agent) ?? []);
    const samples = sampleCount.result(hasAll);
    const clockBounds = chained();
    const seen = { spec, facts, outlines: outlines(), streams: completeness(), firstIos, lost, measured };
    const ofLasting = stalls.all().filter(lasts);
    const within = ofLasting.filter((stall) => measured && reachesInto(stall, measured.span));
    const findings = findingsOf({
      ...seen,
      spans: spansOf(lost),
      observers,
      clocks: clockBounds.filter(lasts),
      jumped: jumped(),
      stalls: within,
      samplesMissing: missingSamples(),
    });
    const { verdict, reason, besides } = judge(findings);
    const spread = startSpread(firstIos);
    const lasting = spec.participants.filter(lasts);
    return {
      summary: create(RunSummarySchema, {
        run: spec.run,
        study: spec.study,
        scenario: spec.scenario,
        workload: spec.workload?.name ?? "",
        repeat: spec.repeat,
        verdict,
        reason,
        participants: spec.participants.length,
        ...(spread && { startSpreadMs: spread }),
        startBoundUs: Number(findings.proof?.boundNs ?? 0n) / 1000,
        clockBoundUs: Number(worst(findings.clocks)) / 1000,
        ...(measured && facts.t0 && { window: windowAt(measured.span, facts.t0, spec.intervalMs) }),
        ...(measured && { totals: totalsOf(measured, lasting, within) }),
        samples,
        warnings: [
          ...besides,
          ...warningsOn({ spec, agents: facts.agents, outlines: seen.outlines.filter(lasts), measured }),
        ],
        content: contentOf(spec),
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
          lost: lost.includes(agent),
          disk: streamOf(agent).outline.disks.get(id) ?? "",
        });
      }),
      streams: seen.streams,
      starts: seen.outlines.flatMap(({ starts }) => [...starts.values()]),
      hostClocks: spec.agents.flatMap(({ id }) => hostClockOf(id) ?? []),
      notes: [
        ...(facts.notes ?? []),
        ...notesOn({
          ...seen,
          cameBack,
          observers,
          uncollected: facts.uncollected ?? [],
          clocks: findings.clocks,
          stalls: ofLasting.filter((stall) => !within.includes(stall)),
        }),
        ...observerNotes({
          observers,
          outlines: seen.outlines,
          lost,
          withGaps: seen.streams.flatMap(({ agent, missing }) => (missing > 0 ? [agent] : [])),
          jumped: jumped(),
          boundMsOf: (agent) => nsToMs(clockBounds.find((clock) => clock.agent === agent)?.boundNs ?? 0n),
          measured,
        }),
        ...gapNotes(seen.outlines),
      ],
    };
  }

  return {
    add(agent, entry, record) {
      const { count, outline } = streamOf(agent);
      count.add(entry);
      addToOutline(outline, record);
      sampleCount.add(agent, entry.source, record);
      stalls.add(agent, record);
    },
    window: () => windowOf(spec, spansOf(who().lost)),
    conclude,
  };
}

function totalsOf(measured: Measured, lasting: readonly { readonly id: string }[], within: readonly Stall[]) {
  const totals = measured.totals(lasting.map(({ id }) => id));
  return create(TotalsSchema, {
    ...totals,
    stalledSeconds: greatest(
      within.map(({ seconds }) => seconds),
      0,
    ),
  });
}

function worst(clocks: readonly { readonly boundNs: bigint }[]): bigint {
  return clocks.reduce((worst, { boundNs }) => (boundNs > worst ? boundNs : worst), 0n);
}

function windowAt({ first, last }: TickSpan, t0: T0, intervalMs: number) {
  const at = (tick: number) => t0.wallNs + BigInt(tick) * msToNs(intervalMs);
  return create(WindowSchema, { startNs: at(first), endNs: at(last), firstTick: first, lastTick: last });
}

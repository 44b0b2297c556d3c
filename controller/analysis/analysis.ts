/** What came of a run: a fold over all its records, then one conclusion. Pure. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { Outcome, type Record } from "@salvo/proto/telemetry_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import { createClocks, jumpedClocks, type KnownClock, knownClocks } from "./clocks.ts";
import { createStreamCount, type StreamEntry } from "./completeness.ts";
import { conclude, type Conclusion, type Told } from "./conclusion.ts";
import type { RunFacts } from "./facts.ts";
import { isHeld } from "./shortcomings.ts";
import { hasJumped, hostBoundInRunNs, hostBoundNs, hostClocksOf } from "./host-clocks.ts";
import { whoIsLost } from "./lost.ts";
import type { Measured } from "./measured.ts";
import { observersOf } from "./observers.ts";
import { addToOutline, createOutline } from "./outline.ts";
import { createSampleCount } from "./samplecount.ts";
import type { FirstIo } from "./spread.ts";
import { createStalls } from "./stalls.ts";
import { plannedSpan, tickAtOrBefore, windowOf, type TickSpan } from "./window.ts";

export interface Analysis {
  /** Each agent's records ascending by seq, each once. */
  add(agent: string, entry: StreamEntry, record: Record): void;
  /** Known when all records were added; undefined when the participants never ran together. */
  window(): TickSpan | undefined;
  /** With what was measured in the window, when there is one. */
  conclude(measured: Measured | undefined): Conclusion;
}

export function createAnalysis(spec: RunSpec, facts: RunFacts): Analysis {
  const clocks = createClocks(facts.t0, facts.clockBefore, facts.clockAfter);
  const { last } = plannedSpan(spec);
  const endNs = msToNs(last * spec.intervalMs);
  const known = knownClocks(facts.t0, facts.clockBefore, facts.clockAfter, endNs);
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
      const hostNs = hostBoundInRunNs(hostClockOf(clock.agent), clocks, endNs);
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

  function told(): Told {
    const { lost, cameBack } = who();
    return {
      spec,
      facts,
      observers,
      lost,
      cameBack,
      outlines: outlines(),
      streams: completeness(),
      firstIos: spec.participants.flatMap(({ id, agent }) => firstIo(id, agent) ?? []),
      spans: spansOf(lost),
      clocks: chained(),
      jumped: jumped(),
      hostClocks: spec.agents.flatMap(({ id }) => hostClockOf(id) ?? []),
      stalls: stalls.all(),
      samples: sampleCount.result(hasAll),
      samplesMissing: missingSamples(),
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
    conclude: (measured) => conclude(told(), measured),
  };
}

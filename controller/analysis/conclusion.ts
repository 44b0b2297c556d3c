/** What all records of a run come to: its summary, its participants' results, and what a reader should know. Pure. */
import { create } from "@bufbuild/protobuf";
import {
  ParticipantResultSchema,
  RunSummarySchema,
  TotalsSchema,
  WindowSchema,
  type AgentHostClocks,
  type ParticipantResult,
  type RunSpec,
  type RunSummary,
  type SampleCounts,
  type StreamCompleteness,
} from "@salvo/proto/run_pb.ts";
import type { StartProof } from "@salvo/proto/telemetry_pb.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { msToNs, nsToMs } from "@salvo/shared/kernel/time.ts";
import type { KnownClock, T0 } from "./clocks.ts";
import { cpuCostOf } from "./cpu-cost.ts";
import type { RunFacts } from "./facts.ts";
import { findingFacts } from "./finding-facts.ts";
import { findingsOf } from "./findings/findings.ts";
import type { Measured } from "./measured.ts";
import { notesOn } from "./notes.ts";
import { gapNotes, observerNotes, type Observers } from "./observers.ts";
import type { AgentOutline } from "./outline.ts";
import { contentOf } from "./run-content.ts";
import { settingsOf } from "./run-settings.ts";
import { type FirstIo, startSpread } from "./spread.ts";
import { reachesInto, type Stall } from "./stalls.ts";
import { shortcomingsOf } from "./shortcomings.ts";
import { judge, type Shortcomings } from "./verdict.ts";
import { warningsOn } from "./warnings.ts";
import type { ParticipantSpan, TickSpan } from "./window.ts";

export interface Conclusion {
  readonly summary: RunSummary;
  readonly participants: ParticipantResult[];
  readonly streams: StreamCompleteness[];
  readonly starts: StartProof[];
  /** Of agents that sample another host than their own. */
  readonly hostClocks: AgentHostClocks[];
  readonly notes: string[];
}

/** What the records of a run told, besides what was measured in the window. */
export interface Told {
  readonly spec: RunSpec;
  readonly facts: RunFacts;
  readonly observers: Observers;
  /** In no total. */
  readonly lost: readonly string[];
  /** Silent in mid-run, and all their ticks are here. */
  readonly cameBack: readonly string[];
  readonly outlines: readonly AgentOutline[];
  readonly streams: StreamCompleteness[];
  readonly firstIos: readonly FirstIo[];
  readonly spans: readonly ParticipantSpan[];
  /** Of every agent, the clock of the host that it samples included. */
  readonly clocks: readonly KnownClock[];
  readonly jumped: readonly string[];
  readonly hostClocks: AgentHostClocks[];
  readonly stalls: readonly Stall[];
  readonly samples: SampleCounts;
  readonly samplesMissing: number;
}

export function conclude(told: Told, measured: Measured | undefined): Conclusion {
  const { lost, clocks } = told;
  const lasts = ({ agent }: { readonly agent: string }) => !lost.includes(agent);
  const ofLasting = told.stalls.filter(lasts);
  const within = ofLasting.filter((stall) => measured && reachesInto(stall, measured.span));
  const found = shortcomingsOf({ ...told, clocks: clocks.filter(lasts), stalls: within, measured });
  return {
    summary: summaryOf(told, found, { measured, within }),
    participants: participantsOf(told, measured),
    streams: told.streams,
    starts: told.outlines.flatMap(({ starts }) => [...starts.values()]),
    hostClocks: told.hostClocks,
    notes: notesOf(told, found, { measured, outside: ofLasting.filter((stall) => !within.includes(stall)) }),
  };
}

function summaryOf(
  told: Told,
  found: Shortcomings,
  { measured, within }: { readonly measured: Measured | undefined; readonly within: readonly Stall[] },
): RunSummary {
  const { spec, facts, lost, outlines } = told;
  const lasts = ({ agent }: { readonly agent: string }) => !lost.includes(agent);
  const { verdict, reason, besides } = judge(found);
  const spread = startSpread(told.firstIos);
  const totals = measured && totalsOf(measured, spec.participants.filter(lasts), within);
  const cpuCost =
    measured && cpuCostOf({ spec, agents: facts.agents, iops: totals?.iops ?? 0, ...spentBy(measured, lost) });
  return create(RunSummarySchema, {
    run: spec.run,
    study: spec.study,
    scenario: spec.scenario,
    workload: spec.workload?.name ?? "",
    repeat: spec.repeat,
    tags: spec.tags,
    verdict,
    reason,
    participants: spec.participants.length,
    ...(spread && { startSpreadMs: spread }),
    startBoundUs: Number(found.proof?.boundNs ?? 0n) / 1000,
    clockBoundUs: Number(worst(found.clocks)) / 1000,
    ...(measured && facts.t0 && { window: windowAt(measured.span, facts.t0, spec.intervalMs) }),
    ...(totals && { totals }),
    samples: told.samples,
    warnings: [...besides, ...warningsOn({ spec, agents: facts.agents, outlines: outlines.filter(lasts), measured })],
    content: contentOf(spec),
    ...(cpuCost && { cpuCost }),
    findings: measured && totals ? findingsOf(findingFacts({ ...told, found, measured, totals, within, spread })) : [],
    settings: settingsOf(spec),
  });
}

function spentBy(measured: Measured, lost: readonly string[]) {
  const coreTimes = new Map([...measured.coreTimes()].filter(([agent]) => !lost.includes(agent)));
  return { coreTimes, windowSeconds: measured.seconds };
}

function participantsOf({ spec, lost, outlines, firstIos }: Told, measured: Measured | undefined): ParticipantResult[] {
  const disks = new Map(outlines.flatMap((outline) => [...outline.disks]));
  return spec.participants.map(({ id, agent }) => {
    const first = firstIos.find(({ participant }) => participant === id);
    const totals = measured?.totalsOf(id);
    return create(ParticipantResultSchema, {
      id,
      ...(totals && { totals }),
      ...(first && { firstIoEarliestNs: first.earliestNs, firstIoLatestNs: first.latestNs }),
      started: first !== undefined,
      measuredSeconds: measured?.secondsOf(id) ?? 0,
      lost: lost.includes(agent),
      disk: disks.get(id) ?? "",
    });
  });
}

function notesOf(
  told: Told,
  found: Shortcomings,
  { measured, outside }: { readonly measured: Measured | undefined; readonly outside: readonly Stall[] },
): string[] {
  const { facts, clocks, streams, outlines } = told;
  return [
    ...(facts.notes ?? []),
    ...notesOn({ ...told, uncollected: facts.uncollected ?? [], clocks: found.clocks, stalls: outside, measured }),
    ...observerNotes({
      ...told,
      withGaps: streams.flatMap(({ agent, missing }) => (missing > 0 ? [agent] : [])),
      boundMsOf: (agent) => nsToMs(clocks.find((clock) => clock.agent === agent)?.boundNs ?? 0n),
      measured,
    }),
    ...gapNotes(outlines),
  ];
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

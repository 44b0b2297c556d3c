import { CLOCK_BOUND_MS_MAX } from "../domain/preflight.ts";
import { Verdict } from "@salvo/proto/run_pb.ts";
import type { LateStart } from "./spread.ts";

/** What a run is judged by. Every list names the agents or participants that it is true of. */
export interface Findings {
  /** Why the conductor ended the run before its planned end. */
  readonly aborted: string | undefined;
  /** Lost in mid-run, and the run went on without them. */
  readonly lostAgents: readonly string[];
  readonly failedFio: readonly string[];
  /** The agent says that it ended the run, or died and started again in it. */
  readonly endedEarly: readonly string[];
  /** Of participants that ran to the end. */
  readonly withoutIo: readonly string[];
  readonly withGaps: readonly string[];
  readonly withoutEnd: readonly string[];
  /** Agents that may hold records that are not here. */
  readonly uncollected: readonly string[];
  readonly samplesMissing: number;
  /** Ways to storage that were lost in mid-run, whether or not they came back: "guest1.lun1: session2 to ... is FAILED at tick 4". */
  readonly pathsLost: readonly string[];
  readonly withoutStartProof: readonly string[];
  /** Far behind the first to start. */
  readonly startedLate: readonly LateStart[];
  /** Ran to the end, but fio did not answer at the last tick. */
  readonly lastUnanswered: readonly string[];
  /** Whose counts are of another length of time than the window's. */
  readonly offSpan: readonly OffSpan[];
  readonly windowShort: boolean;
  /** Agents whose clock jumped in the run. */
  readonly jumped: readonly string[];
  /** How wrong the start spread and the clocks may be. */
  readonly startBoundMs: number;
  readonly clockBoundMs: number;
}

export interface OffSpan {
  readonly participant: string;
  readonly seconds: number;
  readonly wantedSeconds: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly reason: string;
}

/** fio 3.33 proves its start within a few ms; a proof this wide says nothing about being simultaneous. */
export const START_BOUND_MS_MAX = 10;
/** Gates of hosts open within a few ms of each other, 25 ms on a very busy host: docs/decisions/0010-start-proven-by-bounds.md. */
export const START_SPREAD_MS_MAX = 25;
/** Rates stay exact however late fio answers; but participants are to be measured at the same time. */
export const SPAN_SHARE_MAX = 0.02;

type Rule = readonly [Verdict, (findings: Findings) => string | false];

/** The first that has something to say is the verdict. */
const RULES: readonly Rule[] = [
  [Verdict.INVALID, ({ failedFio: who }) => who.length > 0 && `fio failed on ${list(who)}`],
  [Verdict.ABORTED, ({ aborted }) => aborted !== undefined && aborted],
  [Verdict.ABORTED, ({ endedEarly: who }) => who.length > 0 && `the run ended before its plan on ${list(who)}`],
  [Verdict.INVALID, ({ withoutIo: who }) => who.length > 0 && `no I/O of ${list(who)} was measured`],
  [Verdict.INCOMPLETE, ({ withGaps: who }) => who.length > 0 && `records of ${list(who)} are missing`],
  [Verdict.INCOMPLETE, ({ withoutEnd: who }) => who.length > 0 && `the last records of ${list(who)} are missing`],
  [
    Verdict.INCOMPLETE,
    ({ uncollected: who }) =>
      who.length > 0 && `${list(who)} may hold records that are not here: salvo resume asks again`,
  ],
  [Verdict.INCOMPLETE, ({ samplesMissing }) => samplesMissing > 0 && `samples are missing: ${samplesMissing}`],
  [Verdict.DEGRADED, ({ lostAgents: who }) => who.length > 0 && `lost in mid-run: ${list(who)}`],
  [
    Verdict.DEGRADED,
    ({ pathsLost: what }) => what.length > 0 && `the way to the storage was lost in mid-run: ${list(what)}`,
  ],
  [Verdict.DEGRADED, ({ withoutStartProof: who }) => who.length > 0 && `the start of ${list(who)} is not proven`],
  [
    Verdict.DEGRADED,
    ({ startedLate: who }) =>
      who.length > 0 && `${list(who.map(startOf))}, over the limit of ${START_SPREAD_MS_MAX} ms`,
  ],
  [
    Verdict.DEGRADED,
    ({ lastUnanswered: who }) => who.length > 0 && `fio did not answer at the last tick on ${list(who)}`,
  ],
  [Verdict.DEGRADED, ({ windowShort }) => windowShort && "the participants ran together for less than planned"],
  [Verdict.DEGRADED, ({ offSpan: who }) => who.length > 0 && list(who.map(spanOf))],
  [Verdict.DEGRADED, ({ jumped: who }) => who.length > 0 && `the clock jumped on ${list(who)}`],
  [
    Verdict.DEGRADED,
    ({ startBoundMs }) =>
      startBoundMs > START_BOUND_MS_MAX &&
      `the start is proven to ${startBoundMs.toFixed(1)} ms only, over the limit of ${START_BOUND_MS_MAX} ms`,
  ],
  [
    Verdict.DEGRADED,
    ({ clockBoundMs }) =>
      clockBoundMs > CLOCK_BOUND_MS_MAX &&
      `clocks agree to ${clockBoundMs.toFixed(1)} ms only, over the limit of ${CLOCK_BOUND_MS_MAX} ms`,
  ],
  [Verdict.COMPLETE, () => "everything planned was measured and is here"],
];

export function judge(findings: Findings): Judgement {
  for (const [verdict, ruleOf] of RULES) {
    const reason = ruleOf(findings);
    if (reason !== false) return { verdict, reason };
  }
  throw new Error("bug: the last rule always holds");
}

const NAMES_MAX = 5;

function list(what: readonly string[]): string {
  const shown = what.slice(0, NAMES_MAX).join(", ");
  return what.length > NAMES_MAX ? `${shown} and ${what.length - NAMES_MAX} more` : shown;
}

function startOf({ participant, lateMs }: LateStart): string {
  return `${participant} started ${lateMs.toFixed(1)} ms after the first`;
}

function spanOf({ participant, seconds, wantedSeconds }: OffSpan): string {
  return `counts of ${participant} are of ${seconds.toFixed(2)} s instead of ${wantedSeconds} s`;
}

import { nsToMs } from "@salvo/shared/kernel/time.ts";
import { CLOCK_BOUND_MS_MAX } from "../domain/preflight.ts";
import type { Verdict } from "../domain/verdicts.ts";
import type { KnownClock } from "./clocks.ts";
import { list } from "./sentences.ts";
import { type LateStart, START_BOUND_MS_MAX, START_SPREAD_MS_MAX, type WidestProof } from "./spread.ts";
import { type Stall, stallText } from "./stalls.ts";

/** What a run is judged by. Every list names the agents or participants that it is true of. */
export interface Shortcomings {
  /** Why the conductor ended the run before its planned end. */
  readonly aborted: string | undefined;
  /** Lost in mid-run, and the run went on without them. */
  readonly lostAgents: readonly string[];
  /** Observers whose loss the lab lets degrade a run. */
  readonly lostObservers: readonly string[];
  readonly failedFio: readonly string[];
  /** The agent says that it ended the run, or died and started again in it. */
  readonly endedEarly: readonly string[];
  /** Of participants that ran to the end. */
  readonly withoutIo: readonly string[];
  readonly withGaps: readonly string[];
  readonly withoutEnd: readonly string[];
  /** May hold records that are not here, and are in no other list of missing records. forgotten: not any more. */
  readonly uncollected: readonly { readonly agent: string; readonly forgotten: boolean }[];
  readonly samplesMissing: number;
  /** Sessions to storage that were lost in mid-run, whether or not they came back: "guest1.lun1: session2 to ... is FAILED at tick 4". */
  readonly pathsLost: readonly string[];
  /** In the window, so the totals contain them. */
  readonly stalls: readonly Stall[];
  readonly withoutStartProof: readonly string[];
  /** Far behind the first to start. */
  readonly startedLate: readonly LateStart[];
  /** Ran to the end, but fio did not answer at the last tick. */
  readonly lastUnanswered: readonly string[];
  /** Whose counts are of another length of time than the window's. */
  readonly offSpan: readonly OffSpan[];
  /** Undefined when the window is as planned. */
  readonly shortWindow: ShortWindow | undefined;
  /** Agents whose clock jumped in the run. */
  readonly jumped: readonly string[];
  /** What the start spread is known by; undefined when nobody started. */
  readonly proof: WidestProof | undefined;
  readonly clocks: readonly KnownClock[];
}

export interface ShortWindow {
  readonly seconds: number;
  readonly plannedSeconds: number;
  /** Who began late or ended early, each in words. */
  readonly because: readonly string[];
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
  /** Of a run with a result: whatever else keeps it from being complete. */
  readonly besides: readonly string[];
}

/** Rates stay exact however late fio answers; but participants are to be measured at the same time. */
export const SPAN_SHARE_MAX = 0.02;

type Rule = readonly [Verdict, (found: Shortcomings) => string | false];

/** The first that has something to say is the verdict. */
const RULES: readonly Rule[] = [
  ["invalid", ({ failedFio: who }) => who.length > 0 && `fio failed on ${list(who)}`],
  ["aborted", ({ aborted }) => aborted !== undefined && aborted],
  ["aborted", ({ endedEarly: who }) => who.length > 0 && `the run ended before its plan on ${list(who)}`],
  ["invalid", ({ withoutIo: who }) => who.length > 0 && `no I/O of ${list(who)} was measured`],
  ["incomplete", ({ uncollected }) => heldText(agentsOf(uncollected, false))],
  ["incomplete", ({ uncollected }) => forgottenText(agentsOf(uncollected, true))],
  ["incomplete", ({ withGaps: who }) => who.length > 0 && `records of ${list(who)} are missing`],
  ["incomplete", ({ withoutEnd: who }) => who.length > 0 && `the last records of ${list(who)} are missing`],
  ["incomplete", ({ samplesMissing }) => samplesMissing > 0 && `samples are missing: ${samplesMissing}`],
  ["degraded", ({ lostAgents: who }) => who.length > 0 && `lost in mid-run: ${list(who)}`],
  ["degraded", ({ lostObservers: who }) => who.length > 0 && `observers were lost in mid-run: ${list(who)}`],
  [
    "degraded",
    ({ pathsLost: what }) => what.length > 0 && `a session to the storage was lost in mid-run: ${list(what)}`,
  ],
  [
    "degraded",
    ({ stalls }) =>
      stalls.length > 0 &&
      `${list(stalls.map(stallText))}; the totals contain ${stalls.length > 1 ? "these stalls" : "this stall"}`,
  ],
  ["degraded", ({ withoutStartProof: who }) => who.length > 0 && `the start of ${list(who)} is not proven`],
  [
    "degraded",
    ({ startedLate: who }) =>
      who.length > 0 && `${list(who.map(startOf))}, over the limit of ${START_SPREAD_MS_MAX} ms`,
  ],
  ["degraded", ({ lastUnanswered: who }) => who.length > 0 && `fio did not answer at the last tick on ${list(who)}`],
  ["degraded", ({ shortWindow }) => shortWindow !== undefined && shortText(shortWindow)],
  ["degraded", ({ offSpan: who }) => who.length > 0 && list(who.map(spanOf))],
  ["degraded", ({ jumped: who }) => who.length > 0 && `the clock jumped on ${list(who)}`],
  ["degraded", ({ proof }) => proof !== undefined && wideProofText(proof)],
  ["degraded", ({ clocks }) => unknownClocksText(clocks)],
  ["complete", () => "everything planned was measured and is here"],
];

export function judge(found: Shortcomings): Judgement {
  const said = RULES.flatMap(([verdict, ruleOf]) => {
    const reason = ruleOf(found);
    return reason === false ? [] : [{ verdict, reason }];
  });
  const [first, ...more] = said;
  if (!first) throw new Error("bug: the last rule always holds");
  // Of a run that was ended or failed, all the rest is a consequence.
  const hasResult = first.verdict === "degraded" || first.verdict === "incomplete";
  const besides = hasResult ? more.filter(({ verdict }) => verdict !== "complete").map(({ reason }) => reason) : [];
  return { ...first, besides };
}

function agentsOf(uncollected: Shortcomings["uncollected"], forgotten: boolean): string[] {
  return uncollected.filter((each) => each.forgotten === forgotten).map(({ agent }) => agent);
}

function heldText(who: readonly string[]): string | false {
  return who.length > 0 && `${list(who)} may hold records that are not here: salvo resume asks again`;
}

function forgottenText(who: readonly string[]): string | false {
  return who.length > 0 && `records of ${list(who)} may be lost: the run is there no more`;
}

function startOf({ participant, lateMs }: LateStart): string {
  return `${participant} started ${lateMs.toFixed(1)} ms after the first`;
}

function spanOf({ participant, seconds, wantedSeconds }: OffSpan): string {
  return `counts of ${participant} are of ${seconds.toFixed(2)} s instead of ${wantedSeconds} s`;
}

function shortText({ seconds, plannedSeconds, because }: ShortWindow): string {
  const why = because.length > 0 ? `: ${list(because)}` : "";
  return `the participants ran together for ${seconds} s instead of ${plannedSeconds} s${why}`;
}

/** The proof is no wider for a slow network alone: whichever of clock and fio widens it more is named. */
function wideProofText({ participant, agent, boundNs, clockBoundNs, rttNs }: WidestProof): string | false {
  const ms = nsToMs(boundNs);
  if (ms <= START_BOUND_MS_MAX) return false;
  const why =
    clockBoundNs * 2n >= boundNs
      ? `because the round trip to ${agent} is ${nsToMs(rttNs).toFixed(1)} ms`
      : `because fio of ${participant} answered late`;
  return `the start is proven only to ${ms.toFixed(1)} ms ${why}; the limit is ${START_BOUND_MS_MAX} ms`;
}

function unknownClocksText(clocks: readonly KnownClock[]): string | false {
  const over = clocks.filter(({ boundNs }) => nsToMs(boundNs) > CLOCK_BOUND_MS_MAX);
  return over.length > 0 && `${list(over.map(clockText))}; the limit is ${CLOCK_BOUND_MS_MAX} ms`;
}

export function clockText({ agent, boundNs, hostNs, rttNs, once }: KnownClock): string {
  const ms = nsToMs(boundNs).toFixed(1);
  if (hostNs * 2n > boundNs)
    return `the clock of the host that ${agent} samples is known only to ${ms} ms, of which its own bound is ${nsToMs(hostNs).toFixed(1)} ms`;
  return once
    ? `the clock of ${agent} was looked at only once: by the far end of the run it may be wrong by ${ms} ms`
    : `the clock of ${agent} is known only to ${ms} ms because its round trip is ${nsToMs(rttNs).toFixed(1)} ms`;
}

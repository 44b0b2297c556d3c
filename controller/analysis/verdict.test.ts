import { expect, test } from "vitest";
import type { Verdict } from "../domain/verdicts.ts";
import type { KnownClock } from "./clocks.ts";
import type { WidestProof } from "./spread.ts";
import type { Stall } from "./stalls.ts";
import { judge, type Shortcomings } from "./verdict.ts";

const MS = 1_000_000n;
/** The clock is known to 1 ms, and its round trip is twice that. */
const proof = (boundNs: bigint, clockBoundNs = MS): WidestProof => {
  const io = { participant: "vm2.d1", agent: "vm2", earliestNs: 0n, latestNs: 2n * boundNs };
  return { ...io, boundNs, clockBoundNs, rttNs: 2n * clockBoundNs };
};
const clock = (boundNs: bigint, once = false): KnownClock => ({
  agent: "vm2",
  boundNs,
  hostNs: 0n,
  rttNs: 2n * boundNs,
  once,
});
const stall: Stall = {
  agent: "vm1",
  participant: "vm1.d1",
  kind: "no-answer",
  firstTick: 4,
  lastTick: 6,
  seconds: 2.61,
};

const good: Shortcomings = {
  aborted: undefined,
  lostAgents: [],
  failedFio: [],
  endedEarly: [],
  withoutIo: [],
  withGaps: [],
  withoutEnd: [],
  uncollected: [],
  samplesMissing: 0,
  lostObservers: [],
  pathsLost: [],
  stalls: [],
  withoutStartProof: [],
  startedLate: [],
  lastUnanswered: [],
  offSpan: [],
  shortWindow: undefined,
  jumped: [],
  proof: proof(10n * MS),
  clocks: [clock(5n * MS), clock(5n * MS, true)],
};

test("a run of which nothing bad is known is complete, with bounds at their limits", () => {
  expect(judge(good)).toEqual({
    verdict: "complete",
    reason: "everything planned was measured and is here",
    besides: [],
  });
});

// From what outweighs all to what everything else outweighs.
const WORSE_FIRST: readonly (readonly [Partial<Shortcomings>, Verdict, string])[] = [
  [{ failedFio: ["vm1.d1 (exit code 1)"] }, "invalid", "fio failed on vm1.d1 (exit code 1)"],
  [{ aborted: "stopped by Ctrl-C" }, "aborted", "stopped by Ctrl-C"],
  [{ endedEarly: ["vm1"] }, "aborted", "the run ended before its plan on vm1"],
  [{ withoutIo: ["vm1.d1"] }, "invalid", "no I/O of vm1.d1 was measured"],
  [
    { uncollected: [{ agent: "vm1", forgotten: false }] },
    "incomplete",
    "vm1 may hold records that are not here: salvo resume asks again",
  ],
  [
    { uncollected: [{ agent: "vm1", forgotten: true }] },
    "incomplete",
    "records of vm1 may be lost: the run is there no more",
  ],
  [{ withGaps: ["vm1", "vm2"] }, "incomplete", "records of vm1, vm2 are missing"],
  [{ withoutEnd: ["vm1"] }, "incomplete", "the last records of vm1 are missing"],
  [{ samplesMissing: 3 }, "incomplete", "samples are missing: 3"],
  [{ lostAgents: ["vm2"] }, "degraded", "lost in mid-run: vm2"],
  [
    { pathsLost: ["vm1.d1: session2 to 10.0.0.1:3260 is FAILED at tick 4"] },
    "degraded",
    "a session to the storage was lost in mid-run: vm1.d1: session2 to 10.0.0.1:3260 is FAILED at tick 4",
  ],
  [
    { stalls: [stall] },
    "degraded",
    "fio of vm1.d1 did not answer for 2.6 s, at ticks 4 to 6; the totals contain this stall",
  ],
  [{ withoutStartProof: ["vm1.d1"] }, "degraded", "the start of vm1.d1 is not proven"],
  [
    { startedLate: [{ participant: "vm1.d1", lateMs: 950 }] },
    "degraded",
    "vm1.d1 started 950.0 ms after the first, over the limit of 25 ms",
  ],
  [{ lastUnanswered: ["vm1.d1"] }, "degraded", "fio did not answer at the last tick on vm1.d1"],
  [
    { shortWindow: { seconds: 3, plannedSeconds: 5, because: ["vm1.d1 began 3.50 s after T0"] } },
    "degraded",
    "the participants ran together for 3 s instead of 5 s: vm1.d1 began 3.50 s after T0",
  ],
  [
    { offSpan: [{ participant: "vm1.d1", seconds: 4.4, wantedSeconds: 5 }] },
    "degraded",
    "counts of vm1.d1 are of 4.40 s instead of 5 s",
  ],
  [{ jumped: ["vm1"] }, "degraded", "the clock jumped on vm1"],
  [
    { proof: proof(10_100_000n) },
    "degraded",
    "the start is proven only to 10.1 ms because fio of vm2.d1 answered late; the limit is 10 ms",
  ],
  [
    { clocks: [clock(5_100_000n)] },
    "degraded",
    "the clock of vm2 is known only to 5.1 ms because its round trip is 10.2 ms; the limit is 5 ms",
  ],
];

test("each finding has its verdict and a reason that names who it is about", () => {
  for (const [finding, verdict, reason] of WORSE_FIRST)
    expect(judge({ ...good, ...finding })).toEqual({ verdict, reason, besides: [] });
});

test("of two shortcomings the worse decides", () => {
  for (const [index, [worse, verdict, reason]] of WORSE_FIRST.entries())
    for (const [lesser] of WORSE_FIRST.slice(index + 1))
      expect(judge({ ...good, ...lesser, ...worse })).toMatchObject({ verdict, reason });
});

test("of many names the first five are told", () => {
  const who = Array.from({ length: 9 }, (_, index) => `vm${index}`);
  expect(judge({ ...good, withGaps: who }).reason).toBe("records of vm0, vm1, vm2, vm3, vm4 and 4 more are missing");
});

test("a start that is proven badly for a long network says which round trip, and is no late start", () => {
  const far = { proof: proof(21n * MS, 20_900_000n), clocks: [clock(20_900_000n)] };
  expect(judge({ ...good, ...far })).toEqual({
    verdict: "degraded",
    reason: "the start is proven only to 21.0 ms because the round trip to vm2 is 41.8 ms; the limit is 10 ms",
    besides: ["the clock of vm2 is known only to 20.9 ms because its round trip is 41.8 ms; the limit is 5 ms"],
  });
});

test("a clock that was looked at once is said to be so", () => {
  expect(judge({ ...good, clocks: [clock(720n * MS, true)] }).reason).toBe(
    "the clock of vm2 was looked at only once: by the far end of the run it may be wrong by 720.0 ms; the limit is 5 ms",
  );
});

test("of a run with a result all that degrades it is told; of one that was ended or failed only why", () => {
  const two = { stalls: [stall], jumped: ["vm1"] };
  expect(judge({ ...good, ...two }).besides).toEqual(["the clock jumped on vm1"]);
  expect(judge({ ...good, ...two, samplesMissing: 2 }).besides).toHaveLength(2);
  expect(judge({ ...good, ...two, aborted: "stopped by Ctrl-C" }).besides).toEqual([]);
});

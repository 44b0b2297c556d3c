import { Verdict } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { judge, type Findings } from "./verdict.ts";

const good: Findings = {
  aborted: undefined,
  lostAgents: [],
  failedFio: [],
  endedEarly: [],
  withoutIo: [],
  withGaps: [],
  withoutEnd: [],
  uncollected: [],
  samplesMissing: 0,
  pathsLost: [],
  withoutStartProof: [],
  startedLate: [],
  lastUnanswered: [],
  offSpan: [],
  windowShort: false,
  jumped: [],
  startBoundMs: 10,
  clockBoundMs: 5,
};

test("a run of which nothing bad is known is complete, with bounds at their limits", () => {
  expect(judge(good)).toEqual({ verdict: Verdict.COMPLETE, reason: "everything planned was measured and is here" });
});

// From what outweighs all to what everything else outweighs.
const WORSE_FIRST: readonly (readonly [Partial<Findings>, Verdict, string])[] = [
  [{ failedFio: ["vm1.d1 (exit code 1)"] }, Verdict.INVALID, "fio failed on vm1.d1 (exit code 1)"],
  [{ aborted: "stopped by Ctrl-C" }, Verdict.ABORTED, "stopped by Ctrl-C"],
  [{ endedEarly: ["vm1"] }, Verdict.ABORTED, "the run ended before its plan on vm1"],
  [{ withoutIo: ["vm1.d1"] }, Verdict.INVALID, "no I/O of vm1.d1 was measured"],
  [{ withGaps: ["vm1", "vm2"] }, Verdict.INCOMPLETE, "records of vm1, vm2 are missing"],
  [{ withoutEnd: ["vm1"] }, Verdict.INCOMPLETE, "the last records of vm1 are missing"],
  [{ uncollected: ["vm1"] }, Verdict.INCOMPLETE, "vm1 may hold records that are not here: salvo resume asks again"],
  [{ samplesMissing: 3 }, Verdict.INCOMPLETE, "samples are missing: 3"],
  [{ lostAgents: ["vm2"] }, Verdict.DEGRADED, "lost in mid-run: vm2"],
  [
    { pathsLost: ["vm1.d1: session2 to 10.0.0.1:3260 is FAILED at tick 4"] },
    Verdict.DEGRADED,
    "the way to the storage was lost in mid-run: vm1.d1: session2 to 10.0.0.1:3260 is FAILED at tick 4",
  ],
  [{ withoutStartProof: ["vm1.d1"] }, Verdict.DEGRADED, "the start of vm1.d1 is not proven"],
  [
    { startedLate: [{ participant: "vm1.d1", lateMs: 950 }] },
    Verdict.DEGRADED,
    "vm1.d1 started 950.0 ms after the first, over the limit of 25 ms",
  ],
  [{ lastUnanswered: ["vm1.d1"] }, Verdict.DEGRADED, "fio did not answer at the last tick on vm1.d1"],
  [{ windowShort: true }, Verdict.DEGRADED, "the participants ran together for less than planned"],
  [
    { offSpan: [{ participant: "vm1.d1", seconds: 4.4, wantedSeconds: 5 }] },
    Verdict.DEGRADED,
    "counts of vm1.d1 are of 4.40 s instead of 5 s",
  ],
  [{ jumped: ["vm1"] }, Verdict.DEGRADED, "the clock jumped on vm1"],
  [{ startBoundMs: 10.1 }, Verdict.DEGRADED, "the start is proven to 10.1 ms only, over the limit of 10 ms"],
  [{ clockBoundMs: 5.1 }, Verdict.DEGRADED, "clocks agree to 5.1 ms only, over the limit of 5 ms"],
];

test("each finding has its verdict and a reason that names who it is about", () => {
  for (const [finding, verdict, reason] of WORSE_FIRST)
    expect(judge({ ...good, ...finding })).toEqual({ verdict, reason });
});

test("of two findings the worse decides", () => {
  for (const [index, [worse, verdict, reason]] of WORSE_FIRST.entries())
    for (const [lesser] of WORSE_FIRST.slice(index + 1))
      expect(judge({ ...good, ...lesser, ...worse })).toEqual({ verdict, reason });
});

test("of many names the first five are told", () => {
  const who = Array.from({ length: 9 }, (_, index) => `vm${index}`);
  expect(judge({ ...good, withGaps: who }).reason).toBe("records of vm0, vm1, vm2, vm3, vm4 and 4 more are missing");
});

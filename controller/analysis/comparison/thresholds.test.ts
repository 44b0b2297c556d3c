import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { comparedRun } from "./compared-run.ts";
import { parseThreshold } from "../../domain/threshold-text.ts";
import { judgeThresholds } from "./thresholds.ts";

function runs(scenario: string, iops: readonly number[], p99 = 1500) {
  return iops.flatMap((each, index) => {
    const manifest = create(ManifestSchema, {
      t0WallNs: BigInt(index + 1),
      spec: { lab: "rack", study: "s", scenario, intervalMs: 1000, workload: { name: "4k" } },
      summary: {
        run: `${scenario}-${index}`,
        study: "s",
        scenario,
        workload: "4k",
        verdict: "complete",
        totals: { iops: each, latencyUs: { p99 } },
      },
    });
    return comparedRun(manifest) ?? [];
  });
}

const ISCSI = runs("iscsi", [1000, 1010, 1020, 1030, 1040, 1050]);
const ISER = runs("iser", [3000, 3010, 3020, 3030, 3040, 3050]);

function judge(text: string, of = [...ISCSI, ...ISER], scenario = "*") {
  return judgeThresholds([{ workload: "4k", scenario, expect: text }], of).map(({ judgement }) => judgement);
}

test.for<[string, string, string]>([
  ["iops > 0.9k", "iscsi", "pass"],
  ["iops > 1k", "iscsi", "cannot-tell"],
  ["iops >= 1k", "iscsi", "pass"],
  ["iops > 1.025k", "iscsi", "cannot-tell"],
  ["iops > 2k", "iscsi", "fail"],
  ["iops < 2k", "iscsi", "pass"],
  ["iops <= 1050", "iscsi", "pass"],
  ["p99 < 2ms", "iser", "pass"],
  ["p99 < 1500us", "iser", "fail"],
  ["p99 <= 0.0015s", "iser", "pass"],
])("%s of %s: %s", ([text, scenario, judgement]) => {
  expect(judge(text, undefined, scenario)).toEqual([judgement]);
});

test("a threshold is judged for each scenario, and a ratio once", () => {
  expect(judge("iops > 2k")).toEqual(["fail", "pass"]);
  expect(judge("iser.iops >= 2 x iscsi.iops")).toEqual(["pass"]);
  expect(judge("iser.iops >= 4 x iscsi.iops")).toEqual(["fail"]);
  expect(judge("iser.iops > 2.95 x iscsi.iops")).toEqual(["cannot-tell"]);
});

test("five repeats have no interval of their median, one run none of a ratio: nobody can tell, and it says how many would do", () => {
  const [first] = judgeThresholds([{ workload: "*", scenario: "*", expect: "iops > 1" }], ISCSI.slice(0, 5));
  expect(first).toMatchObject({ judgement: "cannot-tell", about: "iscsi/4k", expect: "iops > 1" });
  expect(first?.sentence).toBe("the median is 1,020; an interval needs at least 6 repeats");
  expect(judge("iser.iops >= 2 x iscsi.iops", [...ISCSI.slice(0, 1), ...ISER])).toEqual(["cannot-tell"]);
  expect(judge("iser.iops >= 2 x iscsi.iops", ISER)).toEqual(["cannot-tell"]);
});

test.for<[string, RegExp]>([
  ["p99 < 2", /needs p99 in us, ms, s, not ""/],
  ["iops > 5ms", /needs iops in k, M/],
  ["p42 < 2ms", /knows no figure p42: write one of iops, mib/],
  ["fast", /must be like "p99 < 2ms"/],
  ["iser.iops >= 2 x iscsi.p99", /same figure on both sides/],
  ["p99 = 2ms", /must be like/],
])("%j is refused", ([text, message]) => {
  expect(parseThreshold(text)).toEqual({ problem: expect.stringMatching(message) });
});

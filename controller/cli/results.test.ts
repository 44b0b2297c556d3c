import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { resultText, thresholdText } from "./results.ts";

function ran(run: string, scenario: string, iops: number, warnings: string[] = [], verdict = "complete") {
  return create(ManifestSchema, {
    spec: { run, scenario, intervalMs: 1000, workload: { name: "4k" } },
    summary: {
      run,
      scenario,
      workload: "4k",
      repeat: 1,
      verdict,
      totals: { iops, latencyUs: { p99: 1234.4 } },
      warnings,
    },
  });
}

test("one run of a workload is its line, and nothing is compared", () => {
  expect(resultText([ran("r-1", "iscsi", 100)]).split("\n")).toHaveLength(4);
});

test("the warnings of the runs stand below their table, each with its run", () => {
  const runs = [ran("r-1", "iscsi", 100, ["vm1 was busy", "another user"]), ran("r-2", "iscsi", 9, ["vm1 was busy"])];
  expect(resultText(runs).split("\n").slice(5, 8)).toEqual([
    "warnings:",
    "r-1 and 1 more: vm1 was busy",
    "r-1: another user",
  ]);
});

test("scenarios of a workload stand side by side below all", () => {
  const runs = [
    ran("r-1", "iscsi", 16_889),
    ran("r-2", "iscsi", 17_889),
    ran("r-3", "iser", 41_000),
    ran("r-4", "iser", 9, [], "aborted"),
  ];
  const lines = resultText(runs).split("\n");
  expect(lines.slice(7).map((line) => line.trimEnd())).toEqual([
    "medians (95 % interval from 6 repeats on, in brackets the range of fewer)",
    expect.stringMatching(/^workload  scenario  runs  IOPS +p99 us +IOPS against the first/),
    expect.stringMatching(/^-+/),
    expect.stringMatching(/^4k +iscsi +2 +17,389 \[16,889 to 17,889\] +1,234 \[1,234 to 1,234\]$/),
    expect.stringMatching(/^ +iser +1 +41,000 +1,234 +2.36 times .* too few repeats$/),
    expect.stringMatching(/^4k: Too few repeats: iser has 2.36 times/),
    "4k: iser: 1 aborted not counted.",
    "",
  ]);
});

test("the repeats of a single scenario have their median and range", () => {
  const text = resultText([ran("r-1", "iscsi", 100), ran("r-2", "iscsi", 300)]);
  expect(text).toMatch(/\n4k +iscsi +2 +200 \[100 to 300\]/);
});

test("a threshold has a line with what was measured", () => {
  const judged = { about: "iscsi/4k", expect: "p99 < 2ms", sentence: "the median is 3,000 us" };
  expect(thresholdText([{ ...judged, judgement: "fail" }])).toBe(
    "\nthresholds:\nNOT MET: iscsi/4k: p99 < 2ms; the median is 3,000 us\n",
  );
  expect(thresholdText([])).toBe("");
});

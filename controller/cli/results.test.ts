import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { resultText } from "./results.ts";

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
  expect(lines.slice(8)).toEqual([
    "workload  iscsi                      iser",
    "--------  -------------------------  ------------------------",
    "4k        17,389 (16,889 to 17,889)  41,000",
    "          p99 1,234 us, 2 complete   p99 1,234 us, 1 complete".trimEnd(),
    "                                     without 1 aborted",
    "",
  ]);
});

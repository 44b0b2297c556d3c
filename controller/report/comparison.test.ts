import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { compare } from "./comparison.ts";

interface Shape {
  readonly scenario?: string;
  readonly workload?: string;
  readonly queueDepth?: number;
  readonly verdict?: string;
  readonly iops?: number;
  readonly p99?: number;
}

function ran({ scenario = "iscsi", workload = "4k", queueDepth = 16, verdict = "complete", iops, p99 = 900 }: Shape) {
  return create(ManifestSchema, {
    spec: { lab: "rack", scenario, intervalMs: 1000, workload: { name: workload, queueDepth } },
    summary: { scenario, workload, verdict, ...(iops !== undefined && { totals: { iops, latencyUs: { p99 } } }) },
  });
}

test("a workload has a row and a scenario a column, with the median of the repeats, their range and how many they are", () => {
  const found = compare([
    ran({ iops: 100, p99: 500 }),
    ran({ iops: 130, p99: 400 }),
    ran({ iops: 110, p99: 700 }),
    ran({ scenario: "iser", iops: 200 }),
    ran({ scenario: "iser", iops: 300, p99: 1000 }),
    ran({ workload: "64k", scenario: "iser", iops: 7 }),
  ]);
  expect(found?.scenarios).toEqual(["iscsi", "iser"]);
  expect(found?.workloads).toEqual([
    {
      workload: "4k",
      cells: [
        {
          result: { verdict: "complete", runs: 3, iops: { median: 110, least: 100, most: 130 }, p99Us: 500 },
          leftOut: [],
        },
        {
          result: { verdict: "complete", runs: 2, iops: { median: 250, least: 200, most: 300 }, p99Us: 1000 },
          leftOut: [],
        },
      ],
    },
    {
      workload: "64k",
      cells: [
        undefined,
        { result: { verdict: "complete", runs: 1, iops: { median: 7, least: 7, most: 7 }, p99Us: 900 }, leftOut: [] },
      ],
    },
  ]);
});

test("only complete runs count, degraded ones where there are none, and what is left out is said", () => {
  const cells = compare([
    ran({ iops: 100 }),
    ran({ iops: 9, verdict: "degraded" }),
    ran({ iops: 8, verdict: "aborted" }),
    ran({ verdict: "aborted" }),
    ran({ scenario: "iser", iops: 50, verdict: "degraded" }),
    ran({ scenario: "none", verdict: "invalid" }),
  ])?.workloads[0]?.cells;
  expect(cells).toMatchObject([
    { result: { verdict: "complete", runs: 1, iops: { median: 100 } }, leftOut: ["1 degraded", "2 aborted"] },
    { result: { verdict: "degraded", runs: 1, iops: { median: 50 } }, leftOut: [] },
    { result: undefined, leftOut: ["1 invalid"] },
  ]);
});

test("a workload that was changed under its name has a row for each of its contents", () => {
  const found = compare([ran({ iops: 100 }), ran({ iops: 200, queueDepth: 32 })]);
  expect(found).toBeUndefined(); // a run each, of one scenario
  const repeated = compare([ran({ iops: 100 }), ran({ iops: 120 }), ran({ iops: 200, queueDepth: 32 })]);
  expect(repeated?.workloads.map(({ workload }) => workload)).toEqual(["4k (queueDepth 16)", "4k (queueDepth 32)"]);
  expect(repeated?.workloads.map(({ cells }) => cells[0]?.result?.iops.median)).toEqual([110, 200]);
});

test("with one run of each workload there is nothing to compare", () => {
  expect(compare([ran({ iops: 1 }), ran({ workload: "64k", iops: 2 })])).toBeUndefined();
  expect(compare([])).toBeUndefined();
});

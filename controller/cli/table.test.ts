import { create } from "@bufbuild/protobuf";
import { RunSummarySchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { runTable, textTable } from "./table.ts";

test("columns are as wide as their widest cell, numbers stand to the right, and no line ends with blanks", () => {
  const table = textTable(["name", "n"], [["a", "1"], ["longer", "1234"], ["b"]], { right: new Set([1]) });
  expect(table).toBe(["name       n", "------  ----", "a          1", "longer  1234", "b", ""].join("\n"));
});

test("a table that is too wide has its widest columns cut, and says where; narrow ones stay whole", () => {
  const rows = [
    ["1", "x".repeat(50), "y".repeat(40)],
    ["2", "short", "short"],
  ];
  const lines = textTable(["n", "text", "other"], rows, { widthMax: 45 }).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBe(45);
  expect(lines[2]).toBe(`1  ${"x".repeat(19)}…  ${"y".repeat(19)}…`);
  expect(lines[3]).toMatch(/^2 {2}short +short$/);
  expect(textTable(["n", "text", "other"], rows, { widthMax: 97 })).toBe(textTable(["n", "text", "other"], rows));
  const narrow = textTable(["n", "text", "other"], rows, { widthMax: 3 }).split("\n");
  expect(narrow[2]).toBe("1  xxxxxxx…  yyyyyyy…");
});

test("a table without rows is its head", () => {
  expect(textTable(["one", "two"], [])).toBe("one  two\n---  ---\n");
});

test("a run is a line of figures with their digits", () => {
  const run = create(RunSummarySchema, {
    run: "r1",
    scenario: "local",
    workload: "4k",
    repeat: 2,
    verdict: "complete",
    totals: { iops: 123_456.7, mibPerSec: 482.25, latencyUs: { p50: 12.4, p99: 99.5, p999: 1_500, max: 3_120_562 } },
    startSpreadMs: { p50: 0.1, p95: 0.2, max: 0.345 },
    clockBoundUs: 17.6,
    startBoundUs: 21_040,
    warnings: ["one", "another"],
  });
  const cells = runTable([run]).split("\n")[2]!.split(/ {2,}/);
  expect(cells.join(" ")).toBe("r1 local/4k 2 complete 123,457 482.3 12 100 1,500 3,120,562 0.35 21.04 2");
});

test("what a run does not have is a dash, not a zero", () => {
  const run = create(RunSummarySchema, { run: "r1", scenario: "s", workload: "w", repeat: 1, verdict: "aborted" });
  const cells = runTable([run]).split("\n")[2]!.trim().split(/ {2,}/);
  expect(cells.slice(4)).toEqual(Array.from({ length: 9 }, () => "-"));
});

test("a cell that others wrote can neither end a line nor shift a column nor move the terminal", () => {
  const table = textTable(["host", "state"], [["a\nb  ready", "x\ty\u001b[1A"]]);
  expect(table.split("\n")[2]).toBe("a\\nb  ready  x y\\u001b[1A");
});

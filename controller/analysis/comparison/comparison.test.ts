import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { comparedRun, type ComparedRun } from "./compared-run.ts";
import { compareScenarios } from "./comparison.ts";
import { compareSelections } from "./selections.ts";
import { differenceSentence, remarks } from "./sentence.ts";

interface Shape {
  readonly lab?: string;
  readonly scenario?: string;
  readonly workload?: string;
  readonly queueDepth?: number;
  readonly verdict?: string;
}

let made = 0;

/** A run for each figure, one after another. */
function repeats(iops: readonly number[], shape: Shape = {}): ComparedRun[] {
  const { lab = "rack", scenario = "iscsi", workload = "4k", queueDepth = 16, verdict = "complete" } = shape;
  return iops.flatMap((each) => {
    const run = `r-${++made}`;
    const manifest = create(ManifestSchema, {
      t0WallNs: BigInt(made),
      spec: { run, lab, scenario, intervalMs: 1000, workload: { name: workload, queueDepth } },
      summary: { run, scenario, workload, verdict, totals: { iops: each, latencyUs: { p99: 1e6 / each } } },
    });
    return comparedRun(manifest) ?? [];
  });
}

const STEADY = [103, 100, 105, 101, 104, 102];
const TWICE = STEADY.map((iops) => 2 * iops);

function sentences(runs: readonly ComparedRun[], baseline?: string): string[] {
  return compareScenarios(runs, baseline).flatMap(({ title, base, others }) =>
    others.flatMap(({ side, differences }) =>
      differences
        .filter(({ measure }) => measure.name === "iops")
        .map((difference) => `${title}: ${differenceSentence(difference, base, side)}`),
    ),
  );
}

test("scenarios of a workload stand against the one that was measured first, or the one that is named", () => {
  const runs = [...repeats(STEADY), ...repeats(TWICE, { scenario: "iser" })];
  expect(sentences(runs)).toEqual(["4k: iser is faster: 2.00 times (95 %: 1.94 to 2.06) the IOPS of iscsi"]);
  expect(sentences(runs, "iser")).toEqual(["4k: iscsi is slower: 0.50 times (95 %: 0.49 to 0.51) the IOPS of iser"]);
  expect(sentences(runs, "no such scenario")).toEqual(sentences(runs));
});

test("a difference that repeats do not show is said to be not shown, with what they would show", () => {
  const runs = [...repeats(STEADY), ...repeats([101, 100, 103, 102, 104, 106], { scenario: "iser" })];
  expect(sentences(runs)[0]).toMatch(
    /^4k: No difference shown: iser has 1\.00 times \(95 %: 0\.9\d to 1\.0\d\) the IOPS of iscsi\. These repeats would show a difference of \d\.\d % or more/,
  );
});

test("with too few repeats the sentence says how many are needed", () => {
  expect(sentences([...repeats([100]), ...repeats([200], { scenario: "iser" })])).toEqual([
    "4k: Too few repeats: iser has 2.000 times (of 1 and 1 runs: 2.000 to 2.000) the IOPS of iscsi. An interval needs at least 4 repeats of each",
  ]);
  const noisy = [...repeats([100, 140, 80]), ...repeats([104, 150, 84], { scenario: "iser" })];
  expect(sentences(noisy)[0]).toMatch(/To show the difference that was seen takes about \d{2,3} repeats of each$/);
});

test("only complete runs count, degraded ones where there are none, and what is left out is remarked", () => {
  const runs = [
    ...repeats(STEADY),
    ...repeats([9], { verdict: "aborted" }),
    ...repeats(TWICE, { scenario: "iser", verdict: "degraded" }),
    ...repeats([1], { scenario: "none", verdict: "invalid" }),
  ];
  const [compared] = compareScenarios(runs);
  expect(compared?.base.figures.get("iops")?.values).toEqual(STEADY);
  expect(remarks(compared!)).toEqual([
    "iscsi: 1 aborted not counted",
    "the 6 counted runs of iser are degraded",
    "none has no run with a result",
    "none: 1 invalid not counted",
  ]);
});

test("outliers and a drift are remarked, and counted all the same", () => {
  const [odd] = compareScenarios([
    ...repeats([100, 101, 102, 103, 500, 104]),
    ...repeats([100, 110, 120, 130, 140, 150], { scenario: "iser" }),
  ]);
  const [first, second] = remarks(odd!);
  expect(first).toMatch(/^iscsi: the IOPS of r-\d+ lie far from those of the other repeats$/);
  expect(second).toBe("iser: IOPS rise by 8.0 % from each repeat to the next");
  expect(odd?.base.figures.get("iops")?.values).toContain(500);
});

test("the repeats of a single scenario are shown and compared with nothing, and a single run is not shown", () => {
  const found = compareScenarios([...repeats(STEADY), ...repeats(TWICE.slice(0, 1), { workload: "64k" })]);
  expect(found.map(({ title, others }) => [title, others.length])).toEqual([["4k", 0]]);
});

test("a p99 that one of the repeats lacks is not made of the others", () => {
  const [first, ...rest] = repeats(STEADY);
  const without = { ...first!, values: new Map([["iops", 100] as const]) };
  const [compared] = compareScenarios([without, ...rest, ...repeats(TWICE, { scenario: "iser" })]);
  const p99 = compared?.others[0]?.differences.find(({ measure }) => measure.name === "p99");
  expect(p99?.outcome).toBe("unknown");
});

test("selections match the same scenario first, then its name, then the only one left", () => {
  const base = [
    ...repeats(STEADY),
    ...repeats(STEADY, { scenario: "iser", lab: "old" }),
    ...repeats(STEADY, { scenario: "x" }),
  ];
  const now = [
    ...repeats(TWICE, { scenario: "y" }),
    ...repeats(TWICE, { scenario: "iser", lab: "new" }),
    ...repeats(TWICE),
  ];
  const { workloads, alone } = compareSelections(base, now);
  expect(workloads.map(({ title, base: from, others }) => [title, from.label, others[0]?.side.label])).toEqual([
    ["iscsi/4k", "base", "new"],
    ["iser/4k", "base", "new"],
    ["4k", "x", "y"],
  ]);
  expect(workloads.map(({ others }) => others[0]?.differs)).toEqual([[], ["lab old, then new"], []]);
  expect(alone).toEqual([]);
});

test("what is only on one side is told, and nothing is guessed where several could be meant", () => {
  const base = [...repeats(STEADY, { scenario: "a" }), ...repeats(STEADY, { scenario: "b" })];
  const now = [...repeats(TWICE, { scenario: "c" }), ...repeats([7], { queueDepth: 32 })];
  expect(compareSelections(base, now)).toEqual({
    workloads: [],
    alone: [
      { side: "base", title: "a/4k", runs: 6 },
      { side: "base", title: "b/4k", runs: 6 },
      { side: "new", title: "c/4k", runs: 6 },
      { side: "new", title: "iscsi/4k", runs: 1 },
    ],
  });
});

test("one scenario of the base is held against none of several new ones", () => {
  const base = repeats(STEADY, { scenario: "a" });
  const now = [...repeats(TWICE, { scenario: "b" }), ...repeats(TWICE, { scenario: "c" })];
  const { workloads, alone } = compareSelections(base, now);
  expect(workloads).toEqual([]);
  expect(alone.map(({ title }) => title)).toEqual(["a/4k", "b/4k", "c/4k"]);
});

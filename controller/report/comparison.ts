/** The scenarios of each workload side by side: what the repeats of each gave. Pure. */
import type { Manifest, RunSpec, RunSummary } from "@salvo/proto/run_pb.ts";
import { type Part, partLabels, scenarioPart, workloadPart } from "../analysis/run-content.ts";
import type { Verdict } from "../domain/verdicts.ts";

export interface Comparison {
  /** The columns. */
  readonly scenarios: readonly string[];
  readonly workloads: readonly { readonly workload: string; readonly cells: readonly (Cell | undefined)[] }[];
}

/** What the runs of one content gave. Undefined where there is no run. */
export interface Cell {
  /** Of the runs that are counted: complete ones, or where there are none, degraded ones. Undefined: there is no result. */
  readonly result: Result | undefined;
  /** Runs that are not counted, by verdict: `2 aborted`. */
  readonly leftOut: readonly string[];
}

export interface Result {
  readonly verdict: Verdict;
  readonly runs: number;
  /** Of an even number of runs, the mean of the two in the middle. */
  readonly iops: { readonly median: number; readonly least: number; readonly most: number };
  /** Of one of the runs: percentiles are never averaged. Of an even number the higher of the two in the middle. */
  readonly p99Us: number | undefined;
}

export type Compared = Pick<Manifest, "spec" | "summary">;

interface Known {
  readonly spec: RunSpec;
  readonly summary: RunSummary;
  readonly workload: Part;
  readonly scenario: Part;
}

/** Undefined when there is nothing to compare: no workload has two scenarios, and no cell two runs. */
export function compare(manifests: readonly Compared[]): Comparison | undefined {
  const runs = manifests.flatMap(({ spec, summary }): Known[] =>
    spec && summary ? [{ spec, summary, workload: workloadPart(spec), scenario: scenarioPart(spec) }] : [],
  );
  const scenarios = partLabels(runs.map(({ scenario }) => scenario));
  const workloads = partLabels(runs.map(({ workload }) => workload));
  const rows = [...workloads].map(([hash, workload]) => {
    const own = runs.filter((run) => run.workload.hash === hash);
    const cells = [...scenarios.keys()].map((column) => cellOf(own.filter(({ scenario }) => scenario.hash === column)));
    return { workload, cells };
  });
  const says = rows.some(({ cells }) => cells.filter(Boolean).length > 1) || runs.length > rows.length;
  return says ? { scenarios: [...scenarios.values()], workloads: rows } : undefined;
}

/** A run of these verdicts has figures that may stand for the scenario; the first that there are decide. */
const COUNTED: readonly Verdict[] = ["complete", "degraded"];

function cellOf(runs: readonly Known[]): Cell | undefined {
  if (runs.length === 0) return undefined;
  const byVerdict = Map.groupBy(runs, ({ summary }) => summary.verdict);
  const verdict = COUNTED.find((each) => byVerdict.get(each)?.some(({ summary }) => summary.totals));
  const leftOut = [...byVerdict].filter(([each]) => each !== verdict).map(([each, all]) => `${all.length} ${each}`);
  const totals = (byVerdict.get(verdict ?? "") ?? []).flatMap(({ summary }) => summary.totals ?? []);
  if (!verdict) return { result: undefined, leftOut };
  const iops = totals.map((each) => each.iops).sort((a, b) => a - b);
  const p99s = totals.flatMap(({ latencyUs }) => latencyUs?.p99 ?? []).sort((a, b) => a - b);
  const middle = Math.floor(iops.length / 2);
  const median = iops.length % 2 === 1 ? iops[middle] : ((iops[middle - 1] ?? 0) + (iops[middle] ?? 0)) / 2;
  return {
    result: {
      verdict,
      runs: totals.length,
      iops: { median: median ?? 0, least: iops[0] ?? 0, most: iops.at(-1) ?? 0 },
      // A run that is too short for its percentile has none, and then the cell has none either.
      p99Us: p99s.length === totals.length ? p99s[middle] : undefined,
    },
    leftOut,
  };
}

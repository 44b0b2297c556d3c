import { greatest } from "@salvo/shared/kernel/extremes.ts";
import type { Manifest, RunSummary } from "@salvo/proto/run_pb.ts";
import { type Cell, compare, type Comparison, type Result } from "../report/comparison.ts";
import { summaryOf } from "../store/manifest.ts";
import { figure, runTable, textTable } from "./table.ts";

/** What a command prints of its runs at its end: a line for each, what to know of them, and the scenarios side by side. */
export function resultText(manifests: readonly Manifest[]): string {
  const summaries = manifests.map(summaryOf);
  const warnings = warningLines(summaries);
  const compared = compare(manifests);
  return [
    runTable(summaries),
    ...(warnings.length > 0 ? ["\nwarnings:\n", ...warnings] : []),
    ...(compared ? [`\n${comparisonText(compared)}`] : []),
  ].join("");
}

/** Each sentence once, with the run that it is about, or how many more. */
function warningLines(summaries: readonly RunSummary[]): string[] {
  const said = summaries.flatMap(({ run, warnings }) => warnings.map((warning) => ({ run, warning })));
  return [...Map.groupBy(said, ({ warning }) => warning)].map(([warning, about]) => {
    const more = about.length > 1 ? ` and ${about.length - 1} more` : "";
    return `${about[0]?.run}${more}: ${warning}\n`;
  });
}

const NO_RUN = ["-"] as const;

/** Two lines for each workload: IOPS with their range, and p99 with the number of runs; a third where runs are left out. */
function comparisonText({ scenarios, workloads }: Comparison): string {
  const rows = workloads.flatMap(({ workload, cells }) => {
    const texts = cells.map((cell) => (cell ? linesOf(cell) : NO_RUN));
    const lines = greatest(texts.map(({ length }) => length));
    return Array.from({ length: lines }, (_, line) => [
      line === 0 ? workload : "",
      ...texts.map((text) => text[line] ?? ""),
    ]);
  });
  const title =
    "IOPS, the median of the runs (least to most); p99 of a run in the middle; complete runs where there are any\n";
  return title + textTable(["workload", ...scenarios], rows);
}

function linesOf({ result, leftOut }: Cell): string[] {
  const left = leftOut.length > 0 ? [`without ${leftOut.join(", ")}`] : [];
  return result ? [...resultLines(result), ...left] : ["no result", ...left];
}

function resultLines({ verdict, runs, iops, p99Us }: Result): string[] {
  const range = runs > 1 ? ` (${figure(iops.least, 0)} to ${figure(iops.most, 0)})` : "";
  const p99 = p99Us === undefined ? "p99 -" : `p99 ${figure(p99Us, 0)} us`;
  return [`${figure(iops.median, 0)}${range}`, `${p99}, ${runs} ${verdict}`];
}

/** The scenarios of each workload side by side, as text. */
import type { WorkloadComparison } from "../analysis/comparison/comparison.ts";
import { differenceSentence, outcomeWords, ratioWords, remarks } from "../analysis/comparison/sentence.ts";
import type { Figure, Side } from "../analysis/comparison/side.ts";
import { figure, textTable } from "./table.ts";

const HEAD = ["workload", "scenario", "runs", "IOPS", "p99 us", "IOPS against the first", ""];

/** Empty when there is nothing to compare. */
export function scenariosText(workloads: readonly WorkloadComparison[]): string {
  if (workloads.length === 0) return "";
  const rows = workloads.flatMap((workload) => rowsOf(workload));
  const sentences = workloads.flatMap(({ title, base, others }) =>
    others.flatMap(({ side, differences }) =>
      differences
        .filter(({ measure }) => measure.name === "iops")
        .map((difference) => `${title}: ${differenceSentence(difference, base, side)}.`),
    ),
  );
  const notes = workloads.flatMap((workload) => remarks(workload).map((remark) => `${workload.title}: ${remark}.`));
  const lines = [...sentences, ...notes].map((line) => `${line}\n`);
  return `medians (95 % interval from 6 repeats on, in brackets the range of fewer)\n${textTable(HEAD, rows)}${lines.join("")}`;
}

function rowsOf({ title, base, others }: WorkloadComparison): string[][] {
  return [
    [title, ...sideCells(base), "", ""],
    ...others.map(({ side, differences }) => {
      const iops = differences.find(({ measure }) => measure.name === "iops");
      return ["", ...sideCells(side), ...(iops ? [ratioWords(iops, base, side), outcomeWords(iops)] : ["-", ""])];
    }),
  ];
}

function sideCells({ label, runs, figures }: Side): string[] {
  return [label, String(runs.length), figureText(figures.get("iops")), figureText(figures.get("p99"))];
}

/** `101,650 (99,100 to 102,900)`; a range stands in square brackets. */
export function figureText(known: Figure | undefined, digits = 0): string {
  if (!known) return "-";
  const { median, spread, values } = known;
  if (values.length === 1) return figure(median, digits);
  const between = `${figure(spread.low, digits)} to ${figure(spread.high, digits)}`;
  return `${figure(median, digits)} ${spread.type === "interval" ? `(${between})` : `[${between}]`}`;
}

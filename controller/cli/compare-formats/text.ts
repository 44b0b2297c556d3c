import { ratioWords, remarks } from "../../analysis/comparison/sentence.ts";
import { figureText } from "../scenarios-text.ts";
import { textTable } from "../table.ts";
import { aloneLines, findingLines, type Row, rowsOf, type Shown } from "./shown.ts";

/** A table of all measures, a sentence for each, and what to know of the sides. */
export function comparisonText(shown: Shown): string {
  const rows = rowsOf(shown);
  const notes = [
    ...shown.workloads.flatMap((workload) => remarks(workload).map((remark) => `${workload.title}: ${remark}`)),
    ...aloneLines(shown),
    ...findingLines(shown).map((line) => `finding: ${line}`),
  ];
  return [
    rows.length > 0 ? tableOf(rows, shown) : "no workload is on both sides\n",
    ...rows.filter(isExplained).map(({ title, sentence }) => `${title}: ${sentence}\n`),
    ...(notes.length > 0 ? ["\n", ...notes.map((note) => `${note}\n`)] : []),
    ...(shown.judged.length > 0 ? ["\n", ...shown.judged.map(judgedLine)] : []),
  ].join("");
}

function tableOf(rows: readonly Row[], { base, now }: Shown): string {
  const head = ["workload", "", `base: ${base}`, `new: ${now}`, "ratio to base", ""];
  const cells = rows.map(({ title, base, side, difference, outcome }, index) => {
    const { name, title: measure, unit, digits } = difference.measure;
    return [
      rows[index - 1]?.title === title ? "" : title,
      unit === "" ? measure : `${measure} ${unit}`,
      figureText(base.figures.get(name), digits),
      figureText(side.figures.get(name), digits),
      ratioWords(difference, base, side),
      outcome,
    ];
  });
  return `medians (95 % interval from 6 repeats on, in brackets the range of fewer)\n${textTable(head, cells)}\n`;
}

/** The table says the others well enough. */
function isExplained({ difference }: Row): boolean {
  const { name } = difference.measure;
  return name === "iops" || name === "p99";
}

function judgedLine({ title, measure, judgement, sentence }: Shown["judged"][number]): string {
  return `${judgement === "cannot-tell" ? "cannot tell" : judgement}: ${title} ${measure}: ${sentence}\n`;
}

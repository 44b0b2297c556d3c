import { ratioWords, remarks } from "../../analysis/comparison/sentence.ts";
import type { Figure } from "../../analysis/comparison/side.ts";
import { figure } from "../table.ts";
import { aloneLines, findingLines, rowsOf, type Shown, spreadName } from "./shown.ts";

/** A table and a list, as pull requests show them. */
export function markdownText(shown: Shown): string {
  const { base, now, judged, workloads } = shown;
  const rows = rowsOf(shown).map(({ title, base: from, side, difference, outcome }) => {
    const { name, title: measure, unit, digits } = difference.measure;
    return [
      title,
      unit === "" ? measure : `${measure}, ${unit}`,
      figureCell(from.figures.get(name), digits),
      figureCell(side.figures.get(name), digits),
      ratioWords(difference, from, side),
      outcome,
    ];
  });
  const head = ["Workload", "Figure", `Base: ${base}`, `New: ${now}`, "Ratio", "Result"];
  const notes = [
    ...judged.map(({ title, measure, judgement, sentence }) => `**${judgement}** ${title} ${measure}: ${sentence}`),
    ...workloads.flatMap((workload) => remarks(workload).map((remark) => `${workload.title}: ${remark}`)),
    ...aloneLines(shown),
    ...findingLines(shown).map((line) => `Finding: ${line}`),
  ];
  const table = [head, ["---", "---", "---:", "---:", "---:", "---"], ...rows].map(
    (cells) => `| ${cells.map(escaped).join(" | ")} |\n`,
  );
  return `${table.join("")}${notes.length > 0 ? "\n" : ""}${notes.map((note) => `- ${note.replaceAll("\n", " ")}\n`).join("")}`;
}

function figureCell(known: Figure | undefined, digits: number): string {
  if (!known) return "-";
  const { median, spread, values } = known;
  if (values.length === 1) return `${figure(median, digits)} (1 run)`;
  return `${figure(median, digits)} (${spreadName(spread)} ${figure(spread.low, digits)} to ${figure(spread.high, digits)})`;
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

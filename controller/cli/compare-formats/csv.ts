import type { Figure } from "../../analysis/comparison/side.ts";
import { rowsOf, type Shown } from "./shown.ts";

const COLUMNS = [
  "workload",
  "measure",
  "unit",
  "base",
  "new",
  "base_runs",
  "base_median",
  "base_low",
  "base_high",
  "base_spread",
  "new_runs",
  "new_median",
  "new_low",
  "new_high",
  "new_spread",
  "ratio",
  "ratio_low",
  "ratio_high",
  "ratio_spread",
  "outcome",
  "judgement",
] as const;

/** A line for each measure. Empty where a value is not known. RFC 4180, with newlines as on Unix. */
export function csvText(shown: Shown): string {
  const lines = rowsOf(shown).map(({ title, base, side, difference, judged }) => {
    const { measure, ratio, outcome } = difference;
    return [
      title,
      measure.name,
      measure.unit,
      base.label,
      side.label,
      ...figureCells(base.figures.get(measure.name)),
      ...figureCells(side.figures.get(measure.name)),
      ratio?.value,
      ratio?.spread.low,
      ratio?.spread.high,
      ratio?.spread.type,
      outcome,
      judged?.judgement,
    ];
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.map(cellText).join(",")}\n`).join("");
}

function figureCells(figure: Figure | undefined) {
  return [figure?.values.length, figure?.median, figure?.spread.low, figure?.spread.high, figure?.spread.type];
}

/** Spreadsheets run a text that begins with one of these as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function cellText(value: string | number | undefined): string {
  if (typeof value === "number") return String(value);
  const text = value === undefined ? "" : FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a benchmark found: for people as tables, for programs as one JSON object. */
export interface Findings {
  readonly tables: readonly Table[];
  readonly aims: readonly Aim[];
  readonly notes: readonly string[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
}

export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly measured: string;
  /** "unclear": the rounds differ by more than what is looked for. */
  readonly met: boolean | "unclear";
}

/** A number with the digits that mean something: three of them, or all before the point. */
export function show(value: string | number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  if (typeof value === "string") return value;
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-GB");
  return String(Number(value.toPrecision(3)));
}

/** The smallest value that at least a share `p` of all is not above. NaN for none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(p * sorted.length), 1) - 1] ?? Number.NaN;
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

export function renderFindings({ tables, aims, notes }: Findings): string {
  const aimTable: Table = {
    title: "Aims",
    columns: ["", "aim", "measured", ""],
    rows: aims.map(({ what, aim, measured, met }) => [
      what,
      aim,
      measured,
      met === "unclear" ? met : met ? "met" : "MISSED",
    ]),
  };
  return [...tables, ...(aims.length > 0 ? [aimTable] : [])]
    .map(renderTable)
    .concat(notes.map((note) => `${note}\n`))
    .join("\n");
}

function renderTable({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map((cell) => show(cell)));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const numeric = columns.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return `${title}\n${cells.map((row) => `  ${line(row)}\n`).join("")}`;
}

/** Plain text, as hosts printed it: tables with dashes in their second line, blocks with three blanks of indentation. */
import type { Field, Output, Value } from "./output.ts";

export interface TextStyle {
  /** Captures of one command differ: the dashes of the last column are as wide as its heading, or as its longest value. */
  readonly lastDashes: "heading" | "longest";
  /** localcli's `--format-param=show-header=false` leaves out the first two lines of a table. */
  readonly showHeader: boolean;
}

export function asText(output: Output, style: TextStyle): string {
  switch (output.kind) {
    case "nothing":
      return "";
    case "text":
      return `${output.text}\n`;
    case "value":
      return `${String(output.value)}\n`;
    case "structure":
      return `${output.title === undefined ? "" : `${output.title}\n`}${indented(output.fields)}`;
    case "blocks":
      return output.blocks
        .map(({ heading, fields }) => `${heading === "" ? "" : `${heading}\n`}${indented(fields)}`)
        .join("\n");
    case "table":
      return tableText(output.columns, output.rows, style);
  }
}

function indented(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `   ${name}: ${shown(value)}\n`).join("");
}

function shown(value: Value): string {
  return typeof value === "object" ? value.join(", ") : String(value);
}

function tableText(columns: readonly string[], rows: readonly (readonly Value[])[], style: TextStyle): string {
  const cells = rows.map((row) => columns.map((_, index) => shown(row[index] ?? "")));
  const last = columns.length - 1;
  const widths = columns.map((column, index) =>
    cells.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), column.length),
  );
  const isRight = columns.map((_, index) => rows.length > 0 && rows.every((row) => isCounted(row[index] ?? "")));
  const line = (values: readonly string[]): string =>
    values
      .map((value, index) => {
        if (isRight[index]) return value.padStart(widths[index] ?? 0);
        return index === last ? value : value.padEnd(widths[index] ?? 0);
      })
      .join("  ");
  const dashes = columns.map((column, index) =>
    "-".repeat(
      index === last && style.lastDashes === "heading" && !isRight[index] ? column.length : (widths[index] ?? 0),
    ),
  );
  const head = style.showHeader ? [line(columns), dashes.join("  ")] : [];
  return [...head, ...cells.map(line)].map((each) => `${each}\n`).join("");
}

/** Numbers and booleans stand at the right of their column. */
function isCounted(value: Value): boolean {
  return typeof value === "number" || typeof value === "boolean";
}

import { type Item, itemOf, unreadable } from "./answer.ts";

const DASHES = /^\s*-+(\s+-+)*\s*$/;

/** Where the dashed line of a table is; -1 when the text is no table. */
export function dashedLine(lines: readonly string[]): number {
  const at = lines.findIndex((line) => DASHES.test(line));
  return at > 0 ? at : -1;
}

/**
 * A table: a line of headings, a dashed line, rows. The dashes say where columns begin. A value may run past its dashes (the last
 * column's are as wide as its heading at times), and may be missing; a row whose text crosses the beginning of a column is not
 * cut by these dashes, and is an error.
 */
export function readTable(text: string): Item[] {
  const lines = text.split(/\r?\n/);
  const dashedAt = dashedLine(lines);
  const [heading, dashes] = [lines[dashedAt - 1], lines[dashedAt]];
  if (heading === undefined || dashes === undefined) throw unreadable(text, "there is no dashed line");
  const starts = [...dashes.matchAll(/-+/g)].map(({ index }) => index);
  const names = cut(heading, starts, text);
  if (names.some((name) => name === "")) throw unreadable(text, "a column has no heading");
  return lines
    .slice(dashedAt + 1)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const cells = cut(line, starts, text);
      return itemOf(
        "",
        names.map((name, at) => [name, cells[at] ?? ""]),
      );
    });
}

function cut(line: string, starts: readonly number[], text: string): string[] {
  return starts.map((start, column) => {
    if (column > 0 && (line[start - 1] ?? " ") !== " ")
      throw unreadable(text, `a row is not cut as the dashes: ${line}`);
    return line.slice(column === 0 ? 0 : start, starts[column + 1]).trim();
  });
}

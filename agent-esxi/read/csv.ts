import { type Item, itemOf, unreadable } from "./answer.ts";

/** `esxcli --formatter=csv`: a line of names, then one of values for each thing; every line ends with a comma. */
export function readCsv(text: string): Item[] {
  const [header, ...rows] = csvRows(text).map((row) => withoutEnd(row, text));
  if (!header || header.some((name) => name === "")) throw unreadable(text, "the first line has no names");
  return rows.map((row) => {
    if (row.length !== header.length)
      throw unreadable(text, `a line has ${row.length} values for ${header.length} names`);
    return itemOf(
      "",
      header.map((name, at) => [name, valueOf(row[at] ?? "")]),
    );
  });
}

/** A list is quoted and ends with a comma: "vml.01000,". */
function valueOf(cell: string): string | string[] {
  return cell.endsWith(",") ? cell.slice(0, -1).split(",") : cell;
}

function withoutEnd(row: readonly string[], text: string): string[] {
  if (row.at(-1) !== "" || row.length < 2) throw unreadable(text, "a line does not end with a comma");
  return row.slice(0, -1);
}

/** RFC 4180: cells with commas or quotes are quoted, and a quote in them is two. Empty lines are none. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  let row: string[] = [];
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) throw unreadable(text, "a quote is where none can be");
    const [, quoted, plain = "", end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") {
      if (cell.lastIndex < text.length) continue;
      row.push("");
    }
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}

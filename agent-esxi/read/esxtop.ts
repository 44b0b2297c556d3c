/**
 * `esxtop -b`: CSV without end, a line of headings and then a row for each interval. All cells are quoted; the first is the instant,
 * in whole seconds. A header of 16,000 columns is normal, so columns that nobody asks for are never turned into numbers.
 */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Columns, columnsOf, type Row, rowOf } from "./esxtop-columns.ts";
import { unreadable } from "./answer.ts";

export interface EsxtopReader {
  /** The rows that are whole with this chunk. Throws `program-failed` for what esxtop does not print. */
  read(chunk: Uint8Array): Row[];
}

/** A header of 16,000 columns has 1 MB. */
const LINE_CHARS_MAX = 32 * 1024 * 1024;

export function openEsxtopReader(): EsxtopReader {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let chars = 0;
  let columns: Columns | undefined;

  function readLine(line: string): Row | undefined {
    if (line.trim() === "") return undefined;
    if (columns === undefined) {
      const headings = cellsOf(line);
      if (!headings[0]?.startsWith("(PDH-CSV 4.0)")) throw unreadable(line, "this is no header of esxtop -b");
      columns = columnsOf(headings);
      return undefined;
    }
    return readRow(line, columns);
  }

  return {
    read(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      const pieces = text.split("\n");
      const rest = pieces.pop() ?? "";
      const rows = pieces.flatMap((piece) => {
        const line = parts.join("") + piece;
        parts = [];
        chars = 0;
        const row = readLine(line.endsWith("\r") ? line.slice(0, -1) : line);
        return row ? [row] : [];
      });
      parts.push(rest);
      chars += rest.length;
      if (chars > LINE_CHARS_MAX)
        throw new SalvoError("out-of-resources", `a line of esxtop has more than ${LINE_CHARS_MAX} characters`);
      return rows;
    },
  };
}

function readRow(line: string, { picks, heads }: Columns): Row {
  let stampMs = 0;
  const rates = heads.map(() => new Map<string, number>());
  const cells = eachCell(line, (start, end, at) => {
    if (at === 0) {
      stampMs = parseStamp(line.slice(start, end), line);
      return;
    }
    const pick = picks[at];
    // A counter that a version does not have for an entity is an empty cell.
    if (pick === undefined || end === start) return;
    const value = Number(line.slice(start, end));
    if (Number.isFinite(value)) rates[pick.entity]?.set(pick.field, value);
  });
  if (cells !== picks.length) throw unreadable(line, `the row has ${cells} cells, and the header ${picks.length}`);
  return rowOf(stampMs, heads, rates);
}

/** "05/15/2017 06:49:37", in UTC. */
function parseStamp(text: string, line: string): number {
  const match = /^(\d{2})\/(\d{2})\/(\d{4}) (\d{2}):(\d{2}):(\d{2})$/.exec(text);
  if (!match) throw unreadable(line, "the row does not begin with an instant");
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function cellsOf(line: string): string[] {
  const cells: string[] = [];
  eachCell(line, (start, end) => cells.push(line.slice(start, end).replaceAll('""', '"')));
  return cells;
}

/** Gives the number of cells. A cell may hold commas, and two quotes for one. */
function eachCell(line: string, visit: (start: number, end: number, at: number) => void): number {
  let at = 0;
  let next = 0;
  while (next < line.length) {
    if (line.codePointAt(next) !== QUOTE) throw unreadable(line, "a cell is not quoted");
    let end = line.indexOf('"', next + 1);
    while (end !== -1 && line.codePointAt(end + 1) === QUOTE) end = line.indexOf('"', end + 2);
    if (end === -1 || (end + 1 < line.length && line[end + 1] !== ","))
      throw unreadable(line, "a cell does not end with a quote and a comma");
    visit(next + 1, end, at++);
    next = end + 2;
  }
  return at;
}

const QUOTE = 34;

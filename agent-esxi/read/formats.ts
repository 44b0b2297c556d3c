import { type Answer, type Item, itemOf, unreadable } from "./answer.ts";
import { readBlocks } from "./blocks.ts";
import { readCsv } from "./csv.ts";
import { readJson } from "./json.ts";
import { readKeyvalue } from "./keyvalue.ts";
import { dashedLine, readTable } from "./table.ts";
import { readXml } from "./xml.ts";

/** The formatters of esxcli in the order in which they are tried, and its own text, which every host has. */
export const FORMATS = ["json", "xml", "csv", "keyvalue", "text"] as const;
export type Format = (typeof FORMATS)[number];

const READERS: Readonly<Record<Format, (text: string) => Item[]>> = {
  json: readJson,
  xml: readXml,
  csv: readCsv,
  keyvalue: readKeyvalue,
  text: readText,
};

/** Reads what was printed by that formatter. Throws `program-failed` with the text when it is anything else. */
export function readAnswer(text: string, format: Format): Answer {
  return { items: READERS[format](text), text };
}

/** Of esxcli's own text: a table, blocks, or values alone, one a line. */
function readText(text: string): Item[] {
  const lines = text.split(/\r?\n/);
  if (dashedLine(lines) !== -1) return readTable(text);
  if (lines.some((line) => /^\s+\S/.test(line))) return readBlocks(text);
  const values = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (values.length === 0) throw unreadable(text, "there is nothing");
  // An error on standard output has a word for it; a value alone has not.
  if (values.some((value) => /^(error|usage)\b/i.test(value))) throw unreadable(text, "this is an error");
  return values.map((value) => itemOf(value, []));
}

/** Of a command that lists things: a host that has none prints nothing in its own text, and [] or the like otherwise. */
export function readList(text: string, format: Format): Answer {
  if (text.trim() === "" && (format === "text" || format === "keyvalue" || format === "csv"))
    return { items: [], text };
  return readAnswer(text, format);
}

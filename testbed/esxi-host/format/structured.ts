/** The formatters for programs: json, csv, xml and keyvalue. Sources: captures of 5.x (csv), 6.x and 7 (keyvalue, xml, json). */
import { type Field, type Output, structuresOf, type Value } from "./output.ts";

export interface JsonStyle {
  /** localcli keeps the names as they are; esxcli takes out what is not a letter or a digit. */
  readonly names: "spaced" | "joined";
  /** A `get` command's one structure: captures have it alone, and as the only element of an array. */
  readonly single: "array" | "object";
}

export function asJson(output: Output, style: JsonStyle): string {
  const structures = structuresOf(output);
  if (structures === undefined) return output.kind === "value" ? `${JSON.stringify(output.value)}\n` : plain(output);
  const objects = structures.map((fields) =>
    Object.fromEntries(
      sorted(fields).map(([name, value]) => [style.names === "spaced" ? name : joined(name), value] as const),
    ),
  );
  const alone = output.kind === "structure" && style.single === "object";
  return `${JSON.stringify(alone ? objects[0] : objects)}\n`;
}

/** Every line ends with a comma. A list is quoted, and ends with a comma too. */
export function asCsv(output: Output, wanted: readonly string[] | undefined): string {
  const structures = structuresOf(output);
  if (structures === undefined) return output.kind === "value" ? `${String(output.value)},\n` : plain(output);
  const first = structures[0];
  if (first === undefined) return "";
  const names = wanted ?? sorted(first).map(([name]) => joined(name));
  const rows = structures.map((fields) => {
    const byName = new Map(fields.map(([name, value]) => [joined(name), value]));
    return names.map((name) => csvCell(byName.get(name) ?? ""));
  });
  return [names, ...rows].map((cells) => `${cells.join(",")},\n`).join("");
}

function csvCell(value: Value): string {
  if (typeof value === "object") return value.length === 0 ? "" : `"${value.map((each) => `${each},`).join("")}"`;
  const cell = String(value);
  return cell.includes(",") ? `"${cell}"` : cell;
}

/** `structure[0].VirtualSwitch.MTU.integer=9000`; an empty list is `.string[] = `. */
export function asKeyValue(output: Output): string {
  const structures = structuresOf(output);
  if (structures === undefined)
    return output.kind === "value" ? `${typeName(output.value)}=${String(output.value)}\n` : plain(output);
  const type = "type" in output ? output.type : "";
  const lines = structures.flatMap((fields, index) => {
    const prefix = output.kind === "structure" ? type : `structure[${index}].${type}`;
    return sorted(fields).flatMap(([name, value]) => keyValueLines(`${prefix}.${joined(name)}`, value));
  });
  return lines.map((line) => `${line}\n`).join("");
}

function keyValueLines(key: string, value: Value): string[] {
  if (typeof value !== "object") return [`${key}.${typeName(value)}=${String(value)}`];
  if (value.length === 0) return [`${key}.string[] = `];
  return value.map((each, index) => `${key}.string[${index}].string=${each}`);
}

export function asXml(output: Output): string {
  const structures = structuresOf(output);
  const type = "type" in output ? output.type : "";
  const shown = (structures ?? []).map(
    (fields) =>
      `<structure typeName="${type}">\n${sorted(fields)
        .map(([name, value]) => `<field name="${joined(name)}">${xmlValue(value)}</field>\n`)
        .join("")}</structure>\n`,
  );
  const body = structures === undefined ? xmlPlain(output) : shown.join("");
  const listed =
    structures === undefined || output.kind === "structure" ? body : `<list type="structure">\n${body}</list>\n`;
  return `<?xml version="1.0" encoding="utf-8"?>\n<output xmlns="http://www.vmware.com/Products/ESX/5.0/esxcli">\n<root>\n${listed}</root>\n</output>\n`;
}

function xmlPlain(output: Output): string {
  if (output.kind === "value") return `${xmlValue(output.value)}\n`;
  return output.kind === "text" ? `<string>${escaped(output.text)}</string>\n` : "";
}

function xmlValue(value: Value): string {
  if (typeof value === "object") return `<list type="string">${value.map((each) => xmlValue(each)).join("")}</list>`;
  return `<${typeName(value)}>${escaped(String(value))}</${typeName(value)}>`;
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function typeName(value: string | number | boolean): string {
  if (typeof value === "number") return "integer";
  return typeof value;
}

function plain(output: Output): string {
  return output.kind === "text" ? `${output.text}\n` : "";
}

/** `No of outstanding IOs with competing worlds` is NoofoutstandingIOswithcompetingworlds. */
function joined(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, "");
}

function sorted(fields: readonly Field[]): Field[] {
  return fields.toSorted(([a], [b]) => (joined(a) < joined(b) ? -1 : 1));
}

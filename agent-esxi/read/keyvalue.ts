import { type Item, itemOf, unreadable, type Value } from "./answer.ts";

/** structure[6].Nic.MTU.integer=9000, VersionGet.Version.string=8.0.2 */
const LINE =
  /^(?:structure\[(\d+)\]\.)?([^=]+?)\.([^.=]+)\.(string|integer|boolean|bool|double|float|long)(?:\[\d*\])?=(.*)$/;

/** `esxcli --formatter=keyvalue`. A field that comes twice within one thing is a list. */
export function readKeyvalue(text: string): Item[] {
  const things = new Map<string, Map<string, Value>>();
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") continue;
    const match = LINE.exec(line);
    if (!match) throw unreadable(text, `this is no key and value: ${line}`);
    const [, index = "", , name = "", , value = ""] = match;
    const fields = things.get(index) ?? new Map<string, Value>();
    things.set(index, fields);
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [...(typeof before === "string" ? [before] : before), value]);
  }
  if (things.size === 0) throw unreadable(text, "there is nothing");
  return [...things.values()].map((fields) => itemOf("", fields));
}

import { type Item, itemOf, unreadable, type Value } from "./answer.ts";

/** `esxcli --formatter=json`: an object or a list of them; a banner of the shell may stand before it. A bare value is a title. */
export function readJson(text: string): Item[] {
  const value = parse(text);
  const things: unknown[] = Array.isArray(value) ? value : [value];
  return things.map((thing) => {
    if (isObject(thing))
      return itemOf(
        "",
        Object.entries(thing).map(([name, each]) => [name, valueOf(each, text)]),
      );
    return itemOf(scalar(thing, text), []);
  });
}

function parse(text: string): unknown {
  // Each line that can begin it, from the first: a banner can begin with a bracket as well.
  const starts = [...text.matchAll(/^\s*(?=[[{"]|true\b|false\b|-?\d+\s*$)/gm)].map(({ index }) => index);
  for (const start of starts) {
    try {
      return JSON.parse(text.slice(start));
    } catch {
      continue; // it was the banner
    }
  }
  throw unreadable(text, "this is no JSON");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueOf(value: unknown, text: string): Value {
  if (Array.isArray(value)) return value.map((each: unknown) => scalar(each, text));
  return scalar(value, text);
}

function scalar(value: unknown, text: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === null) return "";
  // A field that is a structure of its own: nobody asks for one, and it must not make the others unreadable.
  if (typeof value === "object") return JSON.stringify(value);
  throw unreadable(text, "a field has no value");
}

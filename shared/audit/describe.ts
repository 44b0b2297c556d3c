import type { Entry } from "./entry.ts";
import type { Verification } from "./verify.ts";

const UNFINISHED_SHOWN_MAX = 10;

/** What was found, for a person: a line each, the file before. */
export function describeVerification(file: string, found: Verification): string {
  const { holds, entries, first, last, broken, torn, unfinished } = found;
  const lines = [
    ...broken.map(({ line, why }) => `${file}:${line}: ${why}`),
    ...torn.map(({ line, bytes, told }) =>
      told
        ? `${file}:${line}: ${bytes} bytes of an entry that a crash cut off, as the next entry says`
        : `${file}:${line}: ${bytes} bytes at the end are no whole entry: a crash, or somebody cut it; the next entry will say so`,
    ),
    ...unfinished
      .slice(-UNFINISHED_SHOWN_MAX)
      .map(({ line, entry }) => `${file}:${line}: begun and never ended: ${describeEntry(entry)}`),
  ];
  if (unfinished.length > UNFINISHED_SHOWN_MAX) lines.push(`${file}: ${unfinished.length} in all were never ended`);
  const span = first && last ? `, from ${first.at} to ${last.at}` : "";
  lines.push(`${file}: ${entries} entries${span}: ${holds ? "all as they were written" : "NOT AS IT WAS WRITTEN"}`);
  if (holds && last) lines.push(`${file}: its head is entry ${last.seq}, ${last.hash}`);
  return lines.map((line) => `${line}\n`).join("");
}

export function describeEntry({ at, who, what, details }: Entry): string {
  return [at, onOneLine(who), onOneLine(what), describeDetails(details)].filter(Boolean).join(" ");
}

export function describeDetails(details: Entry["details"]): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${onOneLine(String(value))}`)
    .join(" ");
}

/** Texts of others stand among ours: without line ends, and without what a terminal would obey. */
export function onOneLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
}

export function verificationJson(file: string, found: Verification) {
  const brief = (entry: Entry | undefined) => entry && { seq: entry.seq, at: entry.at, hash: entry.hash };
  const { first, last, unfinished, ...rest } = found;
  return {
    file,
    ...rest,
    first: brief(first) ?? null,
    last: brief(last) ?? null,
    unfinished: unfinished.map(({ line, entry: { seq, at, who, what } }) => ({ line, seq, at, who, what })),
  };
}

/** The string and template literals of TypeScript, found without a parser: enough for scripts/messages.ts. */

/** In the order of the source, one line each; a template's holes as `{name}`. Comments and regular expressions are left out. */
export function textsIn(source: string): string[] {
  const texts: string[] = [];
  readCode(source, 0, texts, false);
  return texts;
}

/** Reads code from an index on, up to the end or, in a template's hole, to its closing brace; returns the index behind. */
function readCode(source: string, from: number, texts: string[], inHole: boolean): number {
  let depth = 0;
  let index = from;
  while (index < source.length) {
    const char = source[index];
    if (source.startsWith("//", index)) index = endOf(source, "\n", index);
    else if (source.startsWith("/*", index)) index = endOf(source, "*/", index + 2);
    else if (char === '"' || char === "'") {
      const end = endOfString(source, index);
      texts.push(oneLine(source.slice(index + 1, end - 1)));
      index = end;
    } else if (char === "`") index = readTemplate(source, index + 1, texts);
    else if (char === "/" && isRegularExpression(source, index)) index = endOfRegularExpression(source, index);
    else {
      if (char === "{") depth++;
      if (char === "}" && depth-- === 0 && inHole) return index + 1;
      index++;
    }
  }
  return index;
}

/** A template's own text stands before the texts in its holes. */
function readTemplate(source: string, from: number, texts: string[]): number {
  const place = texts.length;
  let text = "";
  let index = from;
  while (index < source.length && source[index] !== "`") {
    if (source.startsWith("${", index)) {
      const end = readCode(source, index + 2, texts, true);
      text += `{${nameOf(source.slice(index + 2, end - 1))}}`;
      index = end;
    } else {
      const length = source[index] === "\\" ? 2 : 1;
      text += source.slice(index, index + length);
      index += length;
    }
  }
  texts.splice(place, 0, oneLine(text));
  return index + 1;
}

/** What a hole is about: the last name of a path or call, or the whole of it when there is none. */
function nameOf(hole: string): string {
  const [, name] = /^[\w.?!\[\]]*?(\w+)(?:\(.*\))?$/s.exec(hole.trim()) ?? [];
  return name ?? "...";
}

function endOf(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at + mark.length;
}

function endOfString(source: string, start: number): number {
  let index = start + 1;
  while (index < source.length && source[index] !== source[start]) index += source[index] === "\\" ? 2 : 1;
  return index + 1;
}

/** A slash divides after a value; elsewhere it begins a regular expression. */
function isRegularExpression(source: string, index: number): boolean {
  const before = source.slice(Math.max(0, index - 20), index).trimEnd();
  return before === "" || /[(,=:[!&|?{};+>]$|\b(?:return|case|of|in)$/.test(before);
}

function endOfRegularExpression(source: string, start: number): number {
  let inClass = false;
  let index = start + 1;
  while (index < source.length && (inClass || source[index] !== "/")) {
    if (source[index] === "[") inClass = true;
    if (source[index] === "]") inClass = false;
    index += source[index] === "\\" ? 2 : 1;
  }
  return index + 1;
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\\n|\s+/g, " ")
    .replaceAll(/\\(.)/g, "$1")
    .trim();
}

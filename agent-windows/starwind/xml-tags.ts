/** The start tags of an XML text and where their attributes are, for edits that leave every other character as it is. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export interface StartTag {
  readonly name: string;
  /** Of elements around it, the outermost first. */
  readonly within: readonly string[];
  /** After its name, where a first attribute can be put. */
  readonly nameEnd: number;
  readonly attributes: readonly Attribute[];
}

export interface Attribute {
  readonly name: string;
  /** Between its quotes. */
  readonly value: string;
  readonly valueStart: number;
}

const NAME = /[A-Za-z_:][\w:.-]*/y;
const ATTRIBUTE = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;
/** What is passed over whole: a start and its end. */
const PASSED_OVER: readonly (readonly [string, string])[] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];

/** Throws `corrupt` for a text that is not well formed, and `refused` for a document type, which could change what tags mean. */
export function startTags(text: string): StartTag[] {
  const tags: StartTag[] = [];
  const open: string[] = [];
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const passed = PASSED_OVER.find(([start]) => text.startsWith(start, at));
    if (passed) {
      at = endOf(text, passed[1], at);
    } else if (text.startsWith("<!", at)) {
      throw new SalvoError("refused", `it has a document type at character ${at}, and Salvo edits no such file`);
    } else if (text.startsWith("</", at)) {
      at = closeTag(text, at, open);
    } else {
      const { tag, next, isEmpty } = startTag(text, at, open);
      tags.push(tag);
      if (!isEmpty) open.push(tag.name);
      at = next;
    }
  }
  if (open.length > 0) throw broken(`<${open.at(-1)}> is never closed`, text.length);
  return tags;
}

function startTag(text: string, at: number, open: readonly string[]) {
  const name = matchAt(NAME, text, at + 1)?.[0];
  if (name === undefined) throw broken("a tag has no name", at);
  const nameEnd = at + 1 + name.length;
  const attributes: Attribute[] = [];
  let next = nameEnd;
  for (let found = matchAt(ATTRIBUTE, text, next); found; found = matchAt(ATTRIBUTE, text, next)) {
    const [whole, attribute = "", double, single] = found;
    const value = double ?? single ?? "";
    next += whole.length;
    if (attributes.some((each) => each.name === attribute)) throw broken(`<${name}> has ${attribute} twice`, at);
    attributes.push({ name: attribute, value, valueStart: next - 1 - value.length });
  }
  const end = matchAt(TAG_END, text, next);
  if (!end) throw broken(`<${name}> does not end as a tag does`, next);
  const tag: StartTag = { name, within: [...open], nameEnd, attributes };
  return { tag, next: next + end[0].length, isEmpty: end[1] === "/" };
}

function closeTag(text: string, at: number, open: string[]): number {
  const name = matchAt(NAME, text, at + 2)?.[0];
  const end = name === undefined ? undefined : matchAt(TAG_END, text, at + 2 + name.length);
  if (name === undefined || !end || end[1] === "/") throw broken("a closing tag is not one", at);
  const last = open.pop();
  if (last !== name) throw broken(`</${name}> closes <${last ?? "nothing"}>`, at);
  return at + 2 + name.length + end[0].length;
}

function endOf(text: string, end: string, at: number): number {
  const found = text.indexOf(end, at);
  if (found < 0) throw broken(`there is no ${end}`, at);
  return found + end.length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function broken(why: string, at: number): SalvoError {
  return new SalvoError("corrupt", `it is no well-formed XML: ${why} (character ${at})`);
}

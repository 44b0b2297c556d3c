/** The rules for English in our pages that a program can check; STYLE and meaning are for readers. */

export const SENTENCE_WORDS_MAX = 25;
export const TABLE_COLUMNS_MAX = 120;

export interface ProseProblem {
  /** From 1: the line at which the paragraph, list item or table row begins. */
  readonly line: number;
  readonly problem: string;
}

interface Block {
  readonly line: number;
  readonly text: string;
}

export function proseProblems(page: string): ProseProblem[] {
  const lines = page.split("\n");
  const tables = lines.flatMap((text, index) =>
    isTableRow(text) && text.length > TABLE_COLUMNS_MAX
      ? [{ line: index + 1, problem: `a table row of ${text.length} columns, above ${TABLE_COLUMNS_MAX}` }]
      : [],
  );
  const sentences = blocksIn(lines).flatMap(({ line, text }) =>
    sentencesIn(text).flatMap((sentence) => sentenceProblems(sentence).map((problem) => ({ line, problem }))),
  );
  return [...tables, ...sentences].toSorted((a, b) => a.line - b.line);
}

function sentenceProblems(sentence: string): string[] {
  const words = sentence.split(/[\s/]+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  const start = sentence.split(" ").slice(0, 6).join(" ");
  return [
    ...(words > SENTENCE_WORDS_MAX ? [`${words} words, above ${SENTENCE_WORDS_MAX}: "${start} ..."`] : []),
    ...(/^of\b/i.test(sentence) ? [`a fragment that begins with "Of": "${start} ..."`] : []),
  ];
}

/** A sentence ends at a full stop, question mark or exclamation mark before a space. */
export function sentencesIn(text: string): string[] {
  return text
    .replaceAll(/`[^`]*`/g, "code")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, "")
    .split(/(?<=(?<!\.\.)[.?!]["')]*)\s+/)
    .map((sentence) => sentence.replace(/^[("']+/, "").trim())
    .filter((sentence) => sentence !== "");
}

function isTableRow(line: string): boolean {
  return /^\s*\|.*\|\s*$/.test(line);
}

/** Paragraphs, headings, list items and table cells, without code blocks. */
function blocksIn(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let fenced = false;
  let code = false;
  const close = () => {
    if (open) blocks.push(open);
    open = undefined;
  };
  for (const [index, line] of lines.entries()) {
    const begins = (text: string) => ({ line: index + 1, text });
    if (/^\s*```/.test(line)) {
      close();
      fenced = !fenced;
    } else if (fenced) continue;
    else if (line.trim() === "") close();
    else if (/^ {4,}/.test(line) && (code || open === undefined)) code = true;
    else {
      code = false;
      if (isTableRow(line)) {
        close();
        blocks.push(...cellsIn(line).map(begins));
      } else if (/^\s*(?:[-*]|\d+\.|#+|>)\s/.test(line)) {
        close();
        open = begins(line.replace(/^\s*(?:[-*]|\d+\.|#+|>)\s+/, ""));
        if (/^#/.test(line)) close();
      } else open = open ? { ...open, text: `${open.text} ${line.trim()}` } : begins(line.trim());
    }
  }
  close();
  return blocks;
}

function cellsIn(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "" && !/^:?-+:?$/.test(cell));
}

import { expect, test } from "vitest";
import { proseProblems, sentencesIn, SENTENCE_WORDS_MAX, TABLE_COLUMNS_MAX } from "./prose-rules.ts";

const words = (count: number) => "word ".repeat(count).trim();

test("a sentence has at most 25 words, also over several lines, in lists and in table cells", () => {
  const long = words(SENTENCE_WORDS_MAX + 1);
  expect(proseProblems(`${words(SENTENCE_WORDS_MAX)}. ${words(SENTENCE_WORDS_MAX)}.\n`)).toEqual([]);
  expect(proseProblems(`Fine.\n\n${long}.\n`)).toEqual([
    { line: 3, problem: '26 words, above 25: "word word word word word word ..."' },
  ]);
  for (const text of [`- ${long}`, `  ${long}`, `1. ${long}`, `${words(13)}\n${words(13)}`, `# ${long}`])
    expect(proseProblems(text), text).toHaveLength(1);
  expect(proseProblems(`| a | ${words(13)} ${words(13)} |`).map(({ problem }) => problem)).toContain(
    '26 words, above 25: "word word word word word word ..."',
  );
});

test("no sentence, list item or cell begins with Of", () => {
  for (const text of ["Of this nobody knows.", "Yes. Of this nobody knows.", "- of RAM", "| a | of RAM |"])
    expect(proseProblems(text), text).toHaveLength(1);
  expect(proseProblems("Often it is. The end of it.")).toEqual([]);
});

test("a table is at most 120 columns wide", () => {
  const row = (columns: number) => `| ${"x".repeat(columns - 4)} |`;
  expect(proseProblems(row(TABLE_COLUMNS_MAX))).toEqual([]);
  expect(proseProblems(row(TABLE_COLUMNS_MAX + 1))).toHaveLength(1);
});

test("code is not prose: blocks are left out, and a code span is one word", () => {
  const long = words(SENTENCE_WORDS_MAX + 1);
  expect(proseProblems(`Type:\n\n    ${long}\n    ${long}\n\n\`\`\`\n${long}\n\`\`\`\n\nA \`${long}\` it is.`)).toEqual(
    [],
  );
  expect(proseProblems(`1. Type:\n\n       ${long}\n\n   ${long}\n`)).toEqual([
    { line: 5, problem: '26 words, above 25: "word word word word word word ..."' },
  ]);
});

test("a link counts by its text, and a version number ends no sentence", () => {
  expect(sentencesIn("See [the long page](a.md#b). **Node 24.1 runs.** (Or `x. y`?) End")).toEqual([
    "See the long page.",
    "Node 24.1 runs.",
    "Or code?)",
    "End",
  ]);
});

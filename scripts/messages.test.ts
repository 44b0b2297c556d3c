import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MESSAGES_FILE, messagesOf } from "./messages.ts";
import { readSources, sourceOf } from "./sources.ts";
import { textsIn } from "./texts.ts";

test("docs/messages.txt is what the source says: scripts/tool node scripts/messages.ts writes it anew", () => {
  expect(readFileSync(MESSAGES_FILE, "utf8")).toBe(messagesOf(readSources()));
});

test("texts are found in strings and templates, whose holes get names", () => {
  const source = [
    '// "no text" it\'s a comment',
    "/* `none` */ const a = 'one \\'two\\'';",
    'const b = `agent ${agent.id} of ${list(names)} has ${n + 1} runs, ${ok ? "inner" : `deep ${x}`}\\n`;',
    'const c = /["\'`]/.test(d) ? 4 / 2 / 1 : "two";',
    "const e = { f: `in ${g({ h: 1 })}` };",
  ].join("\n");
  expect(textsIn(source)).toEqual([
    "one 'two'",
    "agent {id} of {list} has {...} runs, {...}",
    "inner",
    "deep {x}",
    "two",
    "in {g}",
  ]);
});

test("the list has sentences, and neither names, SQL, markup nor the texts of tests", () => {
  const said = 'a("the disk is full"); b("shared/fio"); c("SELECT a FROM b"); d("<p>some words here</p>"); e("no")';
  expect(messagesOf([sourceOf("shared/fio/x.ts", said), sourceOf("shared/fio/x.test.ts", said)]).split("\n")).toEqual([
    ...messagesOf([]).split("\n"),
    "shared/fio/x.ts",
    "  the disk is full",
    "",
  ]);
});

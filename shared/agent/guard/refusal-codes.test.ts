import { REFUSAL_CODES } from "../domain/guard/refusal.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the guide lists every code that the disk guard refuses with, in the same order, and no other", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../docs/guide.md"), "utf8");
  const listed = [...guide.matchAll(/^\| `\[([a-z-]+)\]` +\| \w/gm)].map(([, code]) => code);
  expect(listed).toEqual(REFUSAL_CODES);
});

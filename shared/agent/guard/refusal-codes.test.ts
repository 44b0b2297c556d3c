import { REFUSAL_CODES } from "../domain/guard/refusal.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the page about raw disks lists every code that the disk guard refuses with, in the same order, and no other", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/raw-disks.md"), "utf8");
  const listed = [...page.matchAll(/^\| `\[([a-z-]+)\]` +\| \w/gm)].map(([, code]) => code);
  expect(listed).toEqual(REFUSAL_CODES);
});

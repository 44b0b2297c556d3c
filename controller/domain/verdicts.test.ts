import { readFileSync } from "node:fs";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { expect, test } from "vitest";
import { isVerdict, VERDICTS } from "./verdicts.ts";

test("the page of results explains every verdict as the code does, with its exit code", () => {
  const page = readFileSync(new URL("../../docs/results.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\| +(\d+) \|$/gm)].map(([, name = "", means, code]) => [
    name,
    { means, code: Number(code) },
  ]);
  const own = Object.entries(VERDICTS).map(([name, { means, exit }]) => [name, { means, code: EXIT[exit].code }]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(own));
});

test("a verdict of an archive is one of these or none", () => {
  expect(["complete", "open", "toString", ""].filter(isVerdict)).toEqual(["complete"]);
});

import { expect, test } from "vitest";
import { saidLast } from "./said-last.ts";

/** As Node 24 ends for an error that nobody caught. */
const UNCAUGHT = `file:///opt/salvo/current/salvo-agent-guest.mjs:2
throw new Error("this program is broken");
      ^

Error: this program is broken
    at file:///opt/salvo/current/salvo-agent-guest.mjs:2:7
    at ModuleJob.run (node:internal/modules/esm/module_job:430:25)
    at async asyncRunEntryPointWithESMLoader (node:internal/modules/run_main:101:5)

Node.js v24.21.0
`;

test("an error that ended a program is told, and not where in the program", () => {
  expect(saidLast(UNCAUGHT)).toMatch(/ \/ Error: this program is broken$/);
  expect(saidLast(UNCAUGHT)).not.toMatch(/module_job|Node\.js/);
});

test.for<readonly [text: string, last: string]>([
  ["", ""],
  ["\n \n", ""],
  ["one\ntwo\nthree\nfour\n", "two / three / four"],
])("the last three lines are told: %j", ([text, last]) => {
  expect(saidLast(text)).toBe(last);
});

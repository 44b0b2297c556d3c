import * as fc from "fast-check";
import { expect, test } from "vitest";
import { answerOf } from "./answer.ts";

const printed = { script: "host-facts", stdout: "", stderr: "", exitCode: 0 };

test.for([
  "",
  "null",
  "[]",
  "1",
  '"x"',
  "{}",
  '{"result":1}',
  '{"result":[]}',
  '{"result":{}',
  '{"result":{}}{"result":{}}',
])("%j is no answer, whatever the exit code", (stdout) => {
  for (const exitCode of [0, 1])
    expect(() => answerOf({ ...printed, stdout, exitCode })).toThrow(/PowerShell printed .* ended with/);
});

test("a result with an exit code of failure is no result, and an error with 0 is an error", () => {
  expect(() => answerOf({ ...printed, stdout: '{"result":{}}', exitCode: 1 })).toThrow("ended with 1");
  expect(() => answerOf({ ...printed, stdout: '{"error":{"message":"no"}}' })).toThrow("failed at host-facts.ps1: no");
});

test("whatever is printed, it is a result or an error that names the script", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), fc.nat({ max: 3 }), (stdout, stderr, exitCode) => {
      try {
        expect(answerOf({ script: "host-facts", stdout, stderr, exitCode })).toBeTypeOf("object");
      } catch (error) {
        expect(error).toMatchObject({ kind: "program-failed", message: expect.stringContaining("host-facts.ps1") });
      }
    }),
  );
});

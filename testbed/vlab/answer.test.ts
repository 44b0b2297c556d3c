import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnswer } from "./answer.ts";

test("however it is cut, an answer is what stands between the marks, with its exit code", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), fc.nat(255), cuts, (output, exitCode, lengths) => {
      const stream = `# stty -echo; echo hi\r\n\u0002${output}\u0003${exitCode}\n`;
      const take = createAnswer();
      let found;
      for (let at = 0, n = 0; at < stream.length; n++) {
        expect(found).toBeUndefined();
        const length = lengths[n % lengths.length] ?? 1;
        found = take(stream.slice(at, at + length));
        at += length;
      }
      expect(found).toEqual({ output, exitCode });
    }),
  );
});

test("much output in many parts is one answer", () => {
  const take = createAnswer();
  take("\u0002");
  for (let part = 0; part < 20_000; part++) take("x".repeat(1000));
  expect(take("\u00030\n")?.output).toHaveLength(20_000_000);
});

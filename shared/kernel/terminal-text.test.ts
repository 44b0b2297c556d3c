import fc from "fast-check";
import { expect, test } from "vitest";
import { terminalLine, terminalText } from "./terminal-text.ts";

test.for([
  ["the title of a window", "\u001b]0;owned\u0007", "\\u001b]0;owned\\u0007"],
  ["a colour in C1", "\u009b31mred", "\\u009b31mred"],
  ["a line that is drawn over", "PROBLEM\rok     ", "PROBLEM\\u000dok     "],
  ["a word that is rubbed out", "bad\b\b\b\u007f", "bad\\u0008\\u0008\\u0008\\u007f"],
  ["an order of reading", "guest\u202e1\u2066", "guest\\u202e1\\u2066"],
  ["nothing", "± 3 µs … 東京 ✓ 😀\n\tnext", "± 3 µs … 東京 ✓ 😀\n\tnext"],
] as const)("%s becomes visible", ([, raw, shown]) => {
  expect(terminalText(raw)).toBe(shown);
  expect(terminalText(shown)).toBe(shown);
});

test("whatever JSON holds, its line stays JSON with the same meaning", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = terminalText(`${JSON.stringify({ text: `${text}\u009b\u202e` })}\n`);
      expect(JSON.parse(line)).toEqual({ text: `${text}\u009b\u202e` });
      // oxlint-disable-next-line no-control-regex -- that there is none is what is tested
      expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }),
    { numRuns: 50 },
  );
});

test("a line stays a line", () => {
  expect(terminalLine("a\nsalvo: all is well\tb")).toBe("a\\nsalvo: all is well b");
});

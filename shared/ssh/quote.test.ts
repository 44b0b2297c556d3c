import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shellLine } from "./quote.ts";

/** What sh makes of it, an argument a line of base64. */
function argumentsOf(line: string): string[] {
  const script = `set -- ${line}; for each do printf %s "$each" | base64 -w0; echo; done`;
  const lines = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\n").slice(0, -1);
  return lines.map((text) => Buffer.from(text, "base64").toString());
}

test("sh gives back every argument as it was, whatever is in it", () => {
  const hostile = [
    "$(touch x)",
    "`id`",
    "a'b",
    '"',
    "\\",
    "a\nb",
    "",
    "-n",
    "; rm -rf /",
    "*",
    "~",
    "!!",
    "#",
    "ü€",
    "\t",
  ];
  expect(argumentsOf(shellLine(hostile))).toEqual(hostile);
  const text = fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "`", "(", ")", " ", "\n", ";", "a", "&", "|") });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (argv) => {
      expect(argumentsOf(shellLine(argv))).toEqual(argv);
    }),
    { numRuns: 100 },
  );
});

test("a NUL is refused: behind it the rest would be cut off", () => {
  expect(() => shellLine(["rm", "a\0b"])).toThrow("NUL");
});

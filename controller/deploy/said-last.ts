/** Lines that tell a person nothing: where in a program it failed, and what Node adds when it ends. */
const NOISE = /^\s*(at .*|\^+|Node\.js v\S+|node:internal\/\S+)?\s*$/;

/** The end of what a program said, in one line: without the frames of a stack. Empty when it said nothing. */
export function saidLast(text: string): string {
  const lines = text.split("\n").filter((line) => !NOISE.test(line));
  return lines
    .slice(-3)
    .map((line) => line.trim())
    .join(" / ");
}

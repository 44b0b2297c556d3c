import { SalvoError } from "../kernel/error.ts";

/**
 * A command line of which a POSIX sh makes exactly these arguments: SSH carries a text, which the other side's shell reads.
 * Nothing within single quotes means anything to it. Throws `invalid-input` for a NUL, which no argument can hold.
 */
export function shellLine(argv: readonly string[]): string {
  return argv.map(quoted).join(" ");
}

function quoted(argument: string): string {
  if (argument.includes("\0")) throw new SalvoError("invalid-input", "an argument of a command holds a NUL");
  // A quote ends the quoting, stands for itself behind a backslash, and the quoting begins again.
  return `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

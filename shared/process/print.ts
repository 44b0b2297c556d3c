/** The only ways to standard output and standard error (scripts/tidy.test.ts), so that no command can forget what terminals obey. */
import { terminalText } from "../kernel/terminal-text.ts";

/** False when nothing more should be written before `drain`. */
export function printOut(text: string): boolean {
  return process.stdout.write(terminalText(text));
}

export function printError(text: string): boolean {
  return process.stderr.write(terminalText(text));
}

/** As it is: for what a person asked a program of theirs to print, who sits before it as before a terminal of its own. */
export function passOut(text: string): boolean {
  return process.stdout.write(text);
}

/** Takes away the line in which the cursor is. Undefined where standard error is no terminal. */
export function lineCleaner(): (() => void) | undefined {
  return process.stderr.isTTY ? () => void process.stderr.write("\r\u001b[2K") : undefined;
}

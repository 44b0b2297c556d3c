import { createInterface } from "node:readline/promises";
import { printError } from "@salvo/shared/process/print.ts";

/** The line that is typed; undefined at the end of the input. */
export async function askOnTerminal(question: string): Promise<string | undefined> {
  printError(question);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    lines.close();
  }
}

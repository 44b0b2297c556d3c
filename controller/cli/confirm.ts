import { createInterface } from "node:readline/promises";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Io } from "./io.ts";

/** Throws `invalid-input` unless a person at a terminal answers with yes. */
export async function confirm(question: string, io: Io): Promise<void> {
  const nobody = new SalvoError("invalid-input", "nothing was done, because the answer was not yes", {
    remedy: "Or give --yes",
  });
  if (!process.stdin.isTTY) throw nobody;
  io.stderr.write(question);
  const terminal = createInterface({ input: process.stdin });
  const answer = await new Promise<string>((resolve) => {
    terminal.once("line", resolve);
    terminal.once("close", () => resolve(""));
  });
  terminal.close();
  if (answer.trim() !== "yes") throw nobody;
}

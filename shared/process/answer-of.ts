import { SalvoError } from "../kernel/error.ts";
import { run, type RunOptions } from "./run.ts";

/**
 * What a program prints when it is asked: without space at its ends, and never empty. Throws as run does, and `program-failed`
 * with the program, its exit code and its standard error when it fails or says nothing.
 */
export async function answerOf(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await run(command, args, options);
  const answer = stdout.trim();
  if (exitCode === 0 && answer !== "") return answer;
  const what = exitCode === 0 ? "printed nothing" : "failed";
  throw new SalvoError("program-failed", `${[command, ...args].join(" ")} ${what} (${said({ stderr, exitCode })})`, {
    remedy: `See what this prints when you type it, and install ${command} anew if that is not an answer`,
  });
}

/** How a program ended, for messages: its exit code, and its standard error or that there was none. */
export function said({ stderr, exitCode }: { readonly stderr: string; readonly exitCode: number }): string {
  return `exit code ${exitCode}: ${stderr.trim() || "nothing on standard error"}`;
}

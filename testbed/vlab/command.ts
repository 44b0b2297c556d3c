import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { said } from "@salvo/shared/process/answer-of.ts";
import { run, type RunOptions } from "@salvo/shared/process/run.ts";

/** Where Debian keeps ip, mkfs and others, which an ordinary PATH does not have. */
export const SEARCH_PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a program that must succeed, and gives what it printed. Throws `program-failed` with what it said. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = { ...process.env, PATH: SEARCH_PATH, LC_ALL: "C" };
  const { stdout, stderr, exitCode } = await run(command, args, { env, ...options });
  if (exitCode === 0) return stdout;
  throw new SalvoError(
    "program-failed",
    `${[command, ...args].join(" ")} failed (${said({ stderr: stderr.trim() || stdout, exitCode })})`,
  );
}

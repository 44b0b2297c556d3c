import { appendFile, mkdir, rm, rmdir, symlink, unlink, writeFile } from "node:fs/promises";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { said } from "@salvo/shared/process/answer-of.ts";
import { run } from "@salvo/shared/process/run.ts";
import type { PlainOp } from "./op.ts";

/** Where Debian keeps modprobe and iscsiadm, which a service's PATH may not have. */
export const SEARCH_PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
const RUN_MS = 120_000;

/** Does one op on this host. readSecret: by its name, from the agent's own folder. */
export async function performPlain(op: PlainOp, readSecret: (name: string) => string): Promise<void> {
  switch (op.type) {
    case "mkdir":
      await mkdir(op.path);
      return;
    case "rmdir":
      return rmdir(op.path);
    case "unlink":
      return unlink(op.path);
    case "remove":
      return rm(op.path, { force: true });
    case "symlink":
      return symlink(op.target, op.path);
    case "write":
      if (op.cpus === undefined) return writeFile(op.path, op.value);
      return mustRun("taskset", ["--cpu-list", op.cpus, "tee", op.path], { stdin: op.value });
    case "write-secret":
      return writeFile(op.path, readSecret(op.secret));
    case "append-secret":
      return appendFile(op.path, `${op.key} = ${readSecret(op.secret)}\n`);
    case "run":
      return mustRun(op.program, op.args, op);
  }
}

export interface MustRunOptions {
  readonly stdin?: string;
  /** How a line ends that it must print, besides succeeding. */
  readonly prints?: string;
  /** What it has started stays when it ends: otherwise a daemon that has no session of its own yet is killed with its group. */
  readonly leavesDaemon?: boolean;
}

/** Throws `program-failed` with what it said, also when it did not print what it must. */
export async function mustRun(
  program: string,
  args: readonly string[],
  { stdin, prints, leavesDaemon = false }: MustRunOptions = {},
): Promise<void> {
  const env = { ...process.env, PATH: SEARCH_PATH, LC_ALL: "C" };
  const options = { env, timeoutMs: RUN_MS, ownGroup: !leavesDaemon, ...(stdin !== undefined && { stdin }) };
  const { stdout, stderr, exitCode } = await run(program, args, options);
  if (exitCode === 0 && (prints === undefined || stdout.split("\n").some((line) => line.endsWith(prints)))) return;
  if (exitCode === 0)
    throw new SalvoError(
      "program-failed",
      `${program} did not answer with${prints}: ${stdout.trim() || "with nothing"}`,
    );
  throw new SalvoError("program-failed", `${program} failed (${said({ stderr: stderr.trim() || stdout, exitCode })})`);
}

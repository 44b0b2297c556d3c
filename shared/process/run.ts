import { SalvoError } from "../kernel/error.ts";
import { unlessAborted } from "../kernel/signal.ts";
import { drained } from "./output.ts";
import { startProcess, type StartOptions } from "./start.ts";

export interface RunOptions extends Omit<StartOptions, "stdout"> {
  readonly stdoutBytesMax?: number;
}

export interface Ran {
  readonly stdout: string;
  /** The last stderrBytesMax of it. */
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a short command to its end, whatever its exit code. Throws as startProcess does, `timeout` after timeoutMs
 * (10 s), the signal's reason, `program-failed` when a signal ended it, and `out-of-resources` when it prints more than
 * stdoutBytesMax (1 MiB).
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdoutBytesMax = 1024 * 1024, timeoutMs = 10_000, signal } = options;
  await using program = await startProcess(command, args, { ...options, timeoutMs });
  const chunks: Buffer[] = [];
  let bytes = 0;
  program.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > stdoutBytesMax) program.kill();
    else chunks.push(chunk);
  });
  const end = await program.exited;
  await drained(program.stdout);
  await unlessAborted(Promise.resolve(), signal);

  if (end.notStarted) throw end.notStarted;
  const shown = [command, ...args].join(" ");
  if (bytes > stdoutBytesMax)
    throw new SalvoError("out-of-resources", `${shown} printed more than ${stdoutBytesMax} bytes`);
  if (end.reason === "timed-out") throw new SalvoError("timeout", `${shown} took longer than ${timeoutMs} ms`);
  if (end.exitCode === null)
    throw new SalvoError("program-failed", `${shown} was ended by ${end.signal}: ${end.stderr.trim() || "no stderr"}`);
  return { stdout: Buffer.concat(chunks).toString(), stderr: end.stderr, exitCode: end.exitCode };
}

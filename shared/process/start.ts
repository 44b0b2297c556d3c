/**
 * The only place that starts programs. Never through a shell: arguments reach the program as they are.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { unlessAborted } from "../kernel/signal.ts";
import { findProgram } from "./find.ts";
import { type ProcessEnd, supervise, type RunningProcess } from "./supervise.ts";

export type { ProcessEnd, RunningProcess } from "./supervise.ts";

export interface StartOptions {
  readonly cwd?: string;
  /** The program's whole environment; ours when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to its stdin, which is then closed; nothing when absent. */
  readonly stdin?: string | Uint8Array;
  /** A piped stdout must be read, or the program stops when the pipe is full. */
  readonly stdout?: "pipe" | "ignore";
  /**
   * Linux: the kernel kills the program when the thread that started it ends, so start programs from the main thread. It
   * holds for the program itself, not for what it starts (fio needs `thread`), and from some 2 ms after the start on.
   */
  readonly dieWithParent?: boolean;
  /** Give it a process group: kill() and stop() take its descendants too, and none of them outlives it. Not on Windows. */
  readonly ownGroup?: boolean;
  readonly stderrBytesMax?: number;
  /** Sees what the program writes to stderr as it is written. */
  readonly onStderr?: (chunk: Buffer) => void;
  /** Killed when it runs longer. */
  readonly timeoutMs?: number;
  /** Killed when this aborts. */
  readonly signal?: AbortSignal;
}

/**
 * Resolves when the program has been started. Throws `not-found` or `refused`, naming the program or cwd; what fails
 * later (a missing interpreter or library) shows in `exited`. Disposing kills at once.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<RunningProcess> {
  await unlessAborted(Promise.resolve(), options.signal);
  const { cwd, env = process.env, dieWithParent = true } = options;
  const ownGroup = (options.ownGroup ?? true) && process.platform !== "win32";
  if (cwd !== undefined) await checkFolder(cwd, command);
  const program = await findProgram(command, env["PATH"] ?? "", cwd);
  const guarded = dieWithParent && process.platform === "linux";
  const file = guarded ? await findProgram("setpriv", process.env["PATH"] ?? "") : program;
  const argv = guarded ? ["--pdeathsig", "KILL", "--", program, ...args] : args;
  const startedMs = performance.now();
  const child = await launched(command, () =>
    spawn(file, argv, {
      ...(cwd !== undefined && { cwd }),
      env,
      stdio: [options.stdin === undefined ? "ignore" : "pipe", options.stdout ?? "pipe", "pipe"],
      detached: ownGroup,
      windowsHide: true,
    }),
  );
  const explain = (end: ProcessEnd) => unlessGuardFailed(end, command, file);
  return supervise(child, { ...options, ownGroup, startedMs, ...(guarded && { explain }) });
}

/** setpriv becomes the program. When it speaks for itself and fails there never was one: that of busybox knows no --pdeathsig. */
function unlessGuardFailed(end: ProcessEnd, command: string, guard: string): ProcessEnd {
  const { exitCode, stderr } = end;
  if (!exitCode || !/^(?:\S*\/)?setpriv: /.test(stderr)) return end;
  const why = `${command} was not started: ${guard} failed (exit code ${exitCode}: ${stderr.trim()})`;
  const remedy = "Install setpriv of util-linux 2.33 or newer, before others in PATH";
  return { ...end, stderr: `${why}. ${remedy}`, notStarted: new SalvoError("program-failed", why, { remedy }) };
}

async function checkFolder(cwd: string, command: string): Promise<void> {
  const found = await stat(cwd).catch((error: unknown) => {
    const problem = toSalvoError(error, { file: cwd });
    if (problem.kind !== "not-found") throw problem;
  });
  if (found?.isDirectory()) return;
  throw new SalvoError("not-found", `${command} cannot run in ${cwd}: there is no such folder`, {
    remedy: "Make the folder, or name another",
  });
}

async function launched(command: string, start: () => ChildProcess): Promise<ChildProcess> {
  try {
    const child = start();
    await once(child, "spawn");
    return child;
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    throw new SalvoError(kind === "internal" ? "program-failed" : kind, `${command} cannot be started: ${message}`, {
      cause: error,
    });
  }
}

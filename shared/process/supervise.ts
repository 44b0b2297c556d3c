import type { ChildProcess } from "node:child_process";
import { Readable } from "node:stream";
import { assert } from "../kernel/assert.ts";
import { type SalvoError, toSalvoError } from "../kernel/error.ts";
import { drained, keepTail } from "./output.ts";
import { errnoOf } from "../kernel/errno.ts";

export interface ProcessEnd {
  /** What came first: it ended by itself, was killed by kill(), stop() or options.signal, or by timeoutMs; or a signal came from elsewhere. */
  readonly reason: "exited" | "killed" | "timed-out" | "signalled";
  /** Either exitCode or signal is there. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last stderrBytesMax of it. */
  readonly stderr: string;
  readonly durationMs: number;
  /** Why the program itself was never started, where a program in between says so. */
  readonly notStarted?: SalvoError;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  readonly stdout: Readable;
  readonly exited: Promise<ProcessEnd>;
  /** To the process alone, for signals that are no end, like SIGUSR1. False when it has ended. */
  signal(signal: NodeJS.Signals): boolean;
  /** To its whole group. False when it has ended. */
  kill(signal?: NodeJS.Signals): boolean;
  /** SIGTERM, and SIGKILL if it has not ended after graceMs. */
  stop(options?: { readonly graceMs?: number }): Promise<ProcessEnd>;
}

export interface Supervision {
  readonly ownGroup: boolean;
  readonly startedMs: number;
  readonly stdin?: string | Uint8Array;
  readonly stderrBytesMax?: number;
  readonly onStderr?: (chunk: Buffer) => void;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What its end tells besides. */
  readonly explain?: (end: ProcessEnd) => ProcessEnd;
}

/** Watches over a child that has just been spawned, until its end. */
export function supervise(child: ChildProcess, options: Supervision): RunningProcess {
  const { pid, stderr } = child;
  assert(pid !== undefined && stderr, "a spawned child has a pid and its stderr piped");
  const group = options.ownGroup ? -pid : pid;
  const stderrTail = keepTail(stderr, options.stderrBytesMax ?? 64 * 1024);
  if (options.onStderr) stderr.on("data", options.onStderr);
  const ended = Promise.withResolvers<ProcessEnd>();
  let over = false;
  let firstReason: "killed" | "timed-out" | undefined;

  function send(to: number, signal: NodeJS.Signals): boolean {
    if (over) return false; // Its pid may be somebody else's by now.
    try {
      return process.kill(to, signal);
    } catch (error) {
      if (errnoOf(error) === "ESRCH") return false;
      throw toSalvoError(error);
    }
  }

  function end(reason: "killed" | "timed-out", signal: NodeJS.Signals): boolean {
    const sent = send(group, signal);
    if (sent) firstReason ??= reason;
    return sent;
  }

  const onAbort = () => end("killed", "SIGKILL");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  const timer =
    options.timeoutMs === undefined ? undefined : setTimeout(() => end("timed-out", "SIGKILL"), options.timeoutMs);

  child.once("exit", (exitCode, signal) => {
    const durationMs = performance.now() - options.startedMs;
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    // At once, while the id of a group with members left cannot belong to anyone else.
    if (options.ownGroup) killRest(group);
    over = true;
    const reason = firstReason ?? (signal === null ? "exited" : "signalled");
    const endOf = (): ProcessEnd => ({ reason, exitCode, signal, stderr: stderrTail().toString(), durationMs });
    void drained(stderr).then(() => ended.resolve(options.explain?.(endOf()) ?? endOf()));
  });

  // A program need not read its input; how it ended says whether that was right.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin);

  return {
    pid,
    stdout: child.stdout ?? Readable.from([]),
    exited: ended.promise,
    signal: (signal) => send(pid, signal),
    kill: (signal = "SIGKILL") => end("killed", signal),
    async stop({ graceMs = 5000 } = {}) {
      end("killed", "SIGTERM");
      const timer = setTimeout(() => end("killed", "SIGKILL"), graceMs);
      try {
        return await ended.promise;
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      end("killed", "SIGKILL");
      await ended.promise;
    },
  };
}

function killRest(group: number): void {
  try {
    process.kill(group, "SIGKILL");
  } catch {
    // Nobody is left in it, as it should be.
  }
}

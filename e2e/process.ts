/** Programs under test, as processes of their own. They end with the test that started them, however that ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readdirSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

const CONTROLLER = fileURLToPath(import.meta.resolve("@salvo/controller/main.ts"));
export const AGENT = fileURLToPath(import.meta.resolve("@salvo/agent-guest/main.ts"));
const GRACE_MS = 10_000;

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly running: boolean;
  readonly ended: Promise<Ended>;
  /** Resolves when its standard error matches; throws what it said when it ends, or is silent for too long, without. */
  said(pattern: RegExp, options?: { readonly timeoutMs?: number }): Promise<string>;
  /** As said, on standard output. */
  printed(pattern: RegExp, options?: { readonly timeoutMs?: number }): Promise<string>;
  /** Reads the stream no more, as `head` does when it has seen enough. */
  leave(name: "stdout" | "stderr"): void;
  kill(signal: NodeJS.Signals): void;
  /** What a terminal does at Ctrl-C: SIGINT to the whole process group. */
  interrupt(): void;
  /** SIGTERM, and SIGKILL when that does not help; also the way of its disposal. */
  stop(): Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files that its standard streams are opened on, where it is not the test that reads them. */
  readonly to?: Readonly<{ stdout?: string; stderr?: string }>;
  /** A new file for strace's words about every program that it and its descendants start, or try to. */
  readonly execs?: string;
}

export const startSalvo = (args: readonly string[], options: StartOptions): TestProcess =>
  startProgram([process.execPath, CONTROLLER, ...args], options);

export const startAgentProgram = (args: readonly string[], options: StartOptions): TestProcess =>
  startProgram([process.execPath, AGENT, ...args], options);

/** A line of a page, as a person types it. */
export const startShell = (line: string, options: StartOptions): TestProcess =>
  startProgram(["sh", "-c", line], options);

/** With -D strace's own process is the program, which so keeps its pid; only these calls are stopped at, so nothing is slow. */
const watchExecs = (file: string) => [
  "strace",
  "-D",
  "-f",
  "--seccomp-bpf",
  "-qq",
  "-e",
  "signal=none",
  "-s",
  "1000000",
  "-e",
  "trace=execve,execveat",
  "-o",
  file,
  "--",
];

export function startProgram(args: readonly string[], { cwd, env, to = {}, execs }: StartOptions): TestProcess {
  const watched = execs === undefined ? [] : watchExecs(execs);
  // A test runner that is killed takes its programs along. The pid stays the same: setpriv becomes the program.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...watched, ...args], {
    cwd,
    env: { ...process.env, NODE_ENV: "", SALVO_LOG: "warn", ...env },
    stdio: ["ignore", ...(["stdout", "stderr"] as const).map((name) => opened(to[name]))],
    detached: true,
  });
  const pid = child.pid ?? 0;
  if (pid === 0) throw new Error("setpriv (util-linux) is needed and cannot be started");
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8");
    child[name]?.on("data", (text: string) => (said[name] += text));
  }
  let running = true;
  child.once("exit", () => (running = false));
  const ended = once(child, "close").then(([exitCode, signal]: (number | NodeJS.Signals | null)[]) => ({
    ...said,
    // The arguments of Node's `close` event.
    exitCode: exitCode as number | null,
    signal: signal as NodeJS.Signals | null,
  }));

  function kill(signal: NodeJS.Signals): void {
    if (running) process.kill(pid, signal);
  }

  async function stop(): Promise<Ended> {
    kill("SIGTERM");
    const force = setTimeout(() => kill("SIGKILL"), GRACE_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(force);
    }
  }

  function seen(name: "stdout" | "stderr") {
    return (pattern: RegExp, { timeoutMs = 60_000 } = {}) =>
      vi.waitUntil(
        () => {
          const found = pattern.exec(said[name])?.[0];
          if (found === undefined && !running) throw new Error(`ended without ${pattern} on ${name}: ${said.stderr}`);
          return found;
        },
        { timeout: timeoutMs, interval: 10 },
      );
  }

  return {
    pid,
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    get running() {
      return running;
    },
    ended,
    said: seen("stderr"),
    printed: seen("stdout"),
    leave: (name) => void child[name]?.destroy(),
    kill,
    interrupt() {
      if (running) process.kill(-pid, "SIGINT");
    },
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

function opened(path: string | undefined): "pipe" | number {
  return path === undefined ? "pipe" : openSync(path, "a");
}

/** All processes that work in a folder or below it, even when it has been removed: fio, and the shells at its gate. */
export function processesIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`);
      } catch {
        return false; // it has just ended, or is a zombie
      }
    })
    .map(Number);
}

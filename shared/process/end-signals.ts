/** The signals that ask a program to end. This is the only place that listens to them. */
import { constants } from "node:os";

/** Ctrl-C, a service manager or `kill`, and a terminal that is closed. */
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type EndSignal = (typeof END_SIGNALS)[number];

/** What the launcher (bin/salvo) read as SigIgn in /proc/self/status: signal n is bit n-1 (proc_pid_status(5)). */
const IGNORED_MASK = "SALVO_SIGIGN";

/**
 * What a program was started to ignore, as `nohup` has it with SIGHUP. Node itself cannot tell: it sets every signal back to its default
 * before it runs anything (https://github.com/nodejs/node/pull/615). Without a launcher it is nothing.
 */
export function ignoredSignals(env: Readonly<Record<string, string | undefined>>): ReadonlySet<EndSignal> {
  const text = env[IGNORED_MASK] ?? "";
  const mask = /^[0-9a-f]{1,32}$/.test(text) ? BigInt(`0x${text}`) : 0n;
  return new Set(END_SIGNALS.filter((signal) => (mask >> BigInt(constants.signals[signal] - 1)) & 1n));
}

const ignored = ignoredSignals(process.env);
// It is of this process alone: what this process starts has defaults again.
delete process.env[IGNORED_MASK];

/** First in every program: signals that it was started to ignore do not end it. */
export function keepIgnoring(): void {
  for (const signal of ignored) process.on(signal, () => {});
}

/** Until it is disposed, a signal that was not to be ignored calls the listener instead of ending the process. */
export function onEndSignal(listener: (signal: EndSignal) => void): Disposable {
  const heard = END_SIGNALS.filter((signal) => !ignored.has(signal));
  for (const signal of heard) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of heard) process.off(signal, listener);
    },
  };
}

import { SalvoError } from "./error.ts";

/** How a wait is ended from outside. Last parameter of everything that waits. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** Bind it with `using`: what was waited for and came in time leaves no timer behind. */
export type Deadline = AbortSignal & Disposable;

/**
 * A signal that aborts with a `timeout` SalvoError after ms, or with the first reason of any given signal. After it was
 * disposed of no time runs out any more.
 */
export function deadline(ms: number, what: string, ...signals: (AbortSignal | undefined)[]): Deadline {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new SalvoError("timeout", `${what} took longer than ${ms} ms`)), ms);
  timer.unref();
  const signal = AbortSignal.any([timeout.signal, ...signals.filter((each) => each !== undefined)]);
  const end = () => clearTimeout(timer);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return Object.assign(signal, {
    [Symbol.dispose]() {
      end();
      signal.removeEventListener("abort", end); // a signal with listeners is kept for as long as those it follows
    },
  });
}

/** Waits for the promise, or throws the signal's reason when that comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) throw abortReason(signal);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abortReason(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves after ms, or throws the signal's reason. */
export async function sleep(ms: number, { signal }: Waiting = {}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await unlessAborted(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof SalvoError ? reason : new SalvoError("cancelled", "cancelled", { cause: reason });
}

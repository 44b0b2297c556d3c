import { SalvoError } from "./error.ts";

/** How a wait is ended from outside. Last parameter of everything that waits. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** A signal that aborts with a `timeout` SalvoError after ms, or with the first reason of any given signal. */
export function deadline(ms: number, what: string, ...signals: (AbortSignal | undefined)[]): AbortSignal {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new SalvoError("timeout", `${what} took longer than ${ms} ms`)), ms);
  timer.unref();
  return AbortSignal.any([timeout.signal, ...signals.filter((signal) => signal !== undefined)]);
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

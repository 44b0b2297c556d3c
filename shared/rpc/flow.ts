import type { Writable } from "node:stream";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { unlessAborted } from "@salvo/shared/kernel/signal.ts";

/** Wakes one waiter. A ring that nobody waited for wakes the next wait at once. */
export interface Bell {
  readonly ring: () => void;
  readonly wait: () => Promise<void>;
}

export function createBell(): Bell {
  let rung = Promise.withResolvers<void>();
  return {
    ring: () => rung.resolve(),
    async wait() {
      await rung.promise;
      rung = Promise.withResolvers<void>();
    },
  };
}

/** What a signal that has aborted makes its waiters throw. */
export function reasonOf(signal: AbortSignal): SalvoError {
  const reason: unknown = signal.reason;
  return reason instanceof SalvoError ? reason : new SalvoError("cancelled", "cancelled", { cause: reason });
}

/** Whether an error only says that someone stopped because it was told to. A bug is always more than that. */
export function isStop(error: unknown): boolean {
  return error instanceof SalvoError || (error instanceof Error && error.name === "AbortError");
}

/** A function that writes a message, and resolves when there is room for the next; it throws the signal's reason. */
export function createWriter(stream: Writable, signal: AbortSignal): (bytes: Buffer) => Promise<void> {
  const drained = createBell();
  stream.on("drain", drained.ring);
  return async (bytes) => {
    if (signal.aborted) throw reasonOf(signal);
    if (!stream.write(bytes)) await unlessAborted(drained.wait(), signal);
  };
}

/**
 * The source's items, until the signal aborts: then it throws the signal's reason at once, however long the source
 * takes to notice. The source is told to clean up; what fails in it after that goes to onLate.
 */
export async function* eachUnlessAborted<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal,
  onLate: (error: unknown) => void,
): AsyncGenerator<T, void> {
  const items = iterate(source);
  let next: Promise<IteratorResult<T>> | undefined;
  let over = false;
  try {
    for (;;) {
      next = Promise.resolve(items.next());
      const item = await unlessAborted(next, signal);
      if (item.done) {
        over = true;
        return;
      }
      yield item.value;
    }
  } finally {
    if (signal.aborted) next?.catch(onLate);
    // Not awaited: a source that waits for something else would hold up the end of the call.
    if (!over) Promise.resolve(items.return?.()).catch(onLate);
  }
}

function iterate<T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/**
 * A queue between someone who pushes and one who iterates. It ends when closed, after what was pushed before; a failure
 * is thrown to the reader after the same.
 */
export interface Channel<T> extends AsyncIterable<T> {
  /** False when the channel is closed and the value was dropped. */
  push(value: T): boolean;
  close(failure?: Error): void;
  readonly size: number;
}

/** Throws `bug` when more than `itemsMax` wait: whoever pushes must bound what it pushes. */
export function createChannel<T>(itemsMax = 100_000): Channel<T> {
  const queue: T[] = [];
  let closed = false;
  let failure: Error | undefined;
  let wake = Promise.withResolvers<void>();

  return {
    get size() {
      return queue.length;
    },
    push(value) {
      if (closed) return false;
      if (queue.length >= itemsMax) throw new Error(`bug: more than ${itemsMax} items wait in a channel`);
      queue.push(value);
      wake.resolve();
      return true;
    },
    close(error) {
      if (closed) return;
      closed = true;
      failure = error;
      wake.resolve();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (queue.length > 0) {
          const [value] = queue.splice(0, 1);
          yield value as T; // length was checked, and T itself may be undefined
        }
        if (closed) {
          if (failure) throw failure;
          return;
        }
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    },
  };
}

import { unlessAborted, type Waiting } from "../kernel/signal.ts";

/** A fixed number of places, handed on in the order they were asked for. */
export interface Slots {
  readonly used: number;
  /** Takes a place as soon as there is one. Throws the signal's reason, and then has taken none. */
  take(waiting?: Waiting): Promise<void>;
  release(): void;
  /** Resolves when `take` would not wait. */
  free(waiting?: Waiting): Promise<void>;
}

export function createSlots(slotsMax: number): Slots {
  const queue: { readonly granted: () => void }[] = [];
  let used = 0;
  let released = Promise.withResolvers<void>();

  return {
    get used() {
      return used;
    },
    async take({ signal } = {}) {
      await unlessAborted(Promise.resolve(), signal);
      if (used < slotsMax) {
        used++;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiter = { granted: resolve };
      queue.push(waiter);
      try {
        await unlessAborted(promise, signal);
      } catch (caught) {
        const place = queue.indexOf(waiter);
        if (place >= 0) queue.splice(place, 1);
        else this.release(); // granted and ended in the same instant
        throw caught;
      }
    },
    release() {
      // The place of one who leaves goes straight to the next: `used` stays.
      const next = queue.shift();
      if (next) return next.granted();
      used--;
      released.resolve();
      released = Promise.withResolvers();
    },
    async free({ signal } = {}) {
      for (;;) {
        if (used < slotsMax) return;
        await unlessAborted(released.promise, signal);
      }
    },
  };
}

import { SalvoError } from "../kernel/error.ts";
import { unlessAborted, type Waiting } from "../kernel/signal.ts";

/** So many at once, the others in the order in which they came. */
export interface Channels {
  /** Resolves when one is free; disposing of it frees it. */
  take(waiting: Waiting): Promise<Disposable>;
}

export function openChannels(count: number): Channels {
  let free = count;
  const queue: (() => void)[] = [];
  function giveBack(): void {
    const next = queue.shift();
    if (next) next();
    else free++;
  }
  return {
    async take({ signal }) {
      if (free > 0) free--;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        queue.push(resolve);
        try {
          await unlessAborted(promise, signal);
        } catch (error) {
          const at = queue.indexOf(resolve);
          if (at === -1) giveBack(); // it was given in the same breath
          else queue.splice(at, 1);
          throw error;
        }
      }
      let isTaken = true;
      return {
        [Symbol.dispose]() {
          if (!isTaken) return;
          isTaken = false;
          giveBack();
        },
      };
    },
  };
}

/** Of a host that lets in nobody more just now: sshd's MaxStartups. */
export function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof SalvoError && error.kind === "unavailable";
}

/** ssh2 tells the reason of RFC 4254, 5.1: the channel was not opened, and so nothing was begun on it. */
export function isChannelRefused(error: unknown): boolean {
  return error instanceof SalvoError && error.cause instanceof Error && "reason" in error.cause;
}

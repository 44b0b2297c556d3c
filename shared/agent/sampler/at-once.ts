import type { Clock } from "../../kernel/time.ts";
import type { Source } from "./sampler.ts";

/** A source that is read when it is asked. Counters that the kernel does not give, as of a disk that was pulled out, are no reading. */
export function readAtOnce<T>(clock: Clock, read: () => T | undefined): Source<T> {
  return () => {
    const atNs = clock.now();
    try {
      const value = read();
      return value === undefined ? undefined : { atNs, value };
    } catch (error) {
      if (error instanceof Error && "syscall" in error) return undefined;
      throw error; // a form that nobody knows, or a bug
    }
  };
}

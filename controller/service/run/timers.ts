import type { Clock, Nanos } from "@salvo/shared/kernel/time.ts";
import type { Timer } from "../../domain/conductor-events.ts";

/** The timers of one run; disposed, none of them goes off any more. */
export interface Timers extends Disposable {
  set(name: Timer, atNs: Nanos): void;
}

export function createTimers(clock: Clock, onTimer: (name: Timer) => void): Timers {
  const timers = new Set<NodeJS.Timeout>();
  return {
    set(name, atNs) {
      const delayMs = Math.max(0, Number(atNs - clock.now()) / 1e6);
      timers.add(setTimeout(() => onTimer(name), delayMs));
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

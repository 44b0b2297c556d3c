import type { HostTime } from "@salvo/shared/agent/host-time.ts";
import { openPreciseTime } from "./win32/precise-time.ts";
import { openBlockingTimer } from "./win32/waitable-timer.ts";

/** Windows' clock tick: a timer of the event loop waits for the next one. */
const CLOCK_TICK_MS = 15.625;

export function windowsTime(): HostTime {
  const timer = openBlockingTimer();
  const readTime = openPreciseTime();
  return {
    block: (ms) => timer.wait(ms),
    loopLateMs: Math.ceil(CLOCK_TICK_MS) + 1,
    wallMs: () => Math.floor(readTime()),
  };
}

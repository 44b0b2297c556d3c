import { NS_PER_MS, systemClock, type Nanos } from "../kernel/time.ts";
import { sleep, type Waiting } from "../kernel/signal.ts";

/** A timer of the event loop may be late by this much on a busy host (and by 15.6 ms on an idle Windows). */
const COARSE_NS = 25n * NS_PER_MS;
/** The end of the wait is spun: a futex wakes up to this late. */
const SPIN_NS = 150_000n;

/**
 * Returns at the instant, late by microseconds on a quiet host. The last 25 ms block the whole process, so that nothing
 * else can be in the way; prepare runs just before that. Throws the signal's reason when it comes before the last stretch.
 */
export async function waitUntil(atNs: Nanos, prepare: () => void, { signal }: Waiting = {}): Promise<void> {
  for (;;) {
    const coarseNs = atNs - systemClock.now() - COARSE_NS;
    if (coarseNs <= 0n) break;
    await sleep(Math.max(1, Math.floor(Number(coarseNs) / 1e6)), { signal });
  }
  prepare();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const restNs = atNs - systemClock.now() - SPIN_NS;
    if (restNs <= 0n) break;
    Atomics.wait(cell, 0, 0, Number(restNs) / 1e6);
  }
  while (systemClock.now() < atNs);
}

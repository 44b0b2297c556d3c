/** How a process waits for an instant, and reads the wall clock, on the system that it runs on. */
export interface HostTime {
  /** Blocks the process for so long. It may come back a little early. */
  readonly block: (ms: number) => void;
  /** On an idle host a timer of the event loop is late by less than this. */
  readonly loopLateMs: number;
  /** Whole milliseconds since 1970. */
  readonly wallMs: () => number;
}

const neverWoken = new Int32Array(new SharedArrayBuffer(4));

export const linuxTime: HostTime = {
  block: (ms) => void Atomics.wait(neverWoken, 0, 0, ms),
  loopLateMs: 3,
  wallMs: () => Date.now(),
};

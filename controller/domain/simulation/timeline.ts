/** Virtual time: things happen in order, at once, and take no real time. Milliseconds since the world began. */
export interface Timeline {
  nowMs(): number;
  at(ms: number, what: () => void): void;
  after(ms: number, what: () => void): void;
  /** Lets everything happen until nothing is left, or the time is over. */
  run(untilMs: number): void;
}

interface Happening {
  readonly ms: number;
  readonly order: number;
  readonly what: () => void;
}

export function createTimeline(): Timeline {
  const heap: Happening[] = [];
  let now = 0;
  let order = 0;

  const before = (a: Happening, b: Happening) => a.ms - b.ms || a.order - b.order;

  function push(happening: Happening): void {
    let low = 0;
    let high = heap.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      // The list is kept in falling order, so that the next one is at its end.
      const other = heap[middle];
      if (other && before(other, happening) > 0) low = middle + 1;
      else high = middle;
    }
    heap.splice(low, 0, happening);
  }

  const at = (ms: number, what: () => void) => push({ ms: Math.max(ms, now), order: order++, what });
  return {
    nowMs: () => now,
    at,
    after: (ms, what) => at(now + ms, what),
    run(untilMs) {
      for (let next = heap.pop(); next && next.ms <= untilMs; next = heap.pop()) {
        now = next.ms;
        next.what();
      }
    },
  };
}

/** How often it looks at the clock, which may be set; Node's own timers also know no more than 24 days. */
const LOOK_MS = 60_000;

/** Acts once when the wall clock (ms since 1970) has come so far: at once when it has, and soon after it was set so far. */
export function atWallTime(atMs: number, act: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    const leftMs = atMs - Date.now();
    if (leftMs > 0) timer = setTimeout(look, Math.min(leftMs, LOOK_MS)).unref();
    else act();
  };
  look();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

declare const unit: unique symbol;

/** Nanoseconds: a point on some monotonic clock, or a length. */
export type Nanos = bigint & { readonly [unit]?: "ns" };

export const NS_PER_MS = 1_000_000n;
export const NS_PER_SECOND = 1_000_000_000n;

export function msToNs(ms: number): Nanos {
  return BigInt(Math.round(ms * 1e6));
}

/** Exact below 2^53 ns, 104 days; meant for differences. */
export function nsToMs(ns: Nanos): number {
  return Number(ns) / 1e6;
}

/** The instants of a host, as arguments to whoever needs them. */
export interface Clock {
  /** Monotonic; the same for all processes of one boot (CLOCK_MONOTONIC). */
  now(): Nanos;
  /** Wall clock, ns since 1970, to the millisecond. It may jump: for people and for archives, never for measuring. */
  wall(): Nanos;
}

export const systemClock: Clock = {
  now: () => process.hrtime.bigint(),
  // Not performance.timeOrigin: it does not follow when the clock is set.
  wall: () => BigInt(Date.now()) * NS_PER_MS,
};

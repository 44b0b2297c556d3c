import { msToNs, type Nanos } from "../../kernel/time.ts";

/** What a source of counters said, and when: counters are totals, so two readings give what happened between them. */
export interface Reading<T> {
  readonly atNs: Nanos;
  readonly value: T;
}

/** What a sample tells of one source. All times are on the agent's clock. */
export type Told<T> =
  | {
      readonly gap: false;
      readonly takenAtNs: Nanos;
      /** When the reading before was taken: the counts are of the time between the two. */
      readonly sinceNs: Nanos;
      readonly before: T;
      readonly now: T;
    }
  /** There is nothing to tell. The next sample has the counts from sinceNs on; 0 when there was no reading yet. */
  | { readonly gap: true; readonly takenAtNs: Nanos; readonly sinceNs: Nanos };

/** A reading that is older is no value of the tick. */
const INTERVALS_MAX = 2;

export interface Tick {
  readonly nowNs: Nanos;
  readonly intervalMs: number;
}

/**
 * Compares the last reading that a sample was made of with the latest that there is. A latest reading that is missing, too old or
 * no newer than the last makes a gap, and so does one whose counters began anew: what was counted in between nobody knows. `last` is what
 * the next sample is compared with.
 */
export function compareReadings<T>(
  last: Reading<T> | undefined,
  latest: Reading<T> | undefined,
  { nowNs, intervalMs }: Tick,
  beganAnew: (before: T, now: T) => boolean = () => false,
): { readonly told: Told<T>; readonly last: Reading<T> | undefined } {
  const oldestNs = nowNs - msToNs(INTERVALS_MAX * intervalMs);
  const isNew = latest && latest.atNs >= oldestNs && (!last || latest.atNs > last.atNs);
  if (!isNew) return { told: { gap: true, takenAtNs: nowNs, sinceNs: last?.atNs ?? 0n }, last };
  // The first reading of all: there is nothing to compare it with.
  if (!last) return { told: { gap: true, takenAtNs: nowNs, sinceNs: 0n }, last: latest };
  const { atNs: takenAtNs, value: now } = latest;
  if (beganAnew(last.value, now)) return { told: { gap: true, takenAtNs: nowNs, sinceNs: last.atNs }, last: latest };
  return { told: { gap: false, takenAtNs, sinceNs: last.atNs, before: last.value, now }, last: latest };
}

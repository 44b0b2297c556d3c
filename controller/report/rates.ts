import { type SampleRow, secondsAfterT0, type ReportRun } from "./run.ts";

/** One participant's rate over the time since its last dump. */
export interface Rate {
  readonly tick: number;
  /** Seconds after T0: the instant that the counts are of, or at which fio was asked when it had not answered. */
  readonly at: number;
  /** Undefined when fio had not answered: not zero, but unknown. */
  readonly iops: number | undefined;
  readonly bytesPerSec: number | undefined;
}

/**
 * Rates of each participant, by id in the order of the spec, ascending in time: counts over the time from the instant that the
 * last answer's counts are of to this one's. So a late answer is no burst, and what was counted in a stall is spread over it.
 */
export function ratesByParticipant({ manifest, samples }: ReportRun): ReadonlyMap<string, readonly Rate[]> {
  const rows = new Map<string, SampleRow[]>(manifest.spec?.participants.map(({ id }) => [id, []]));
  for (const row of samples) {
    const own = rows.get(row.participant);
    if (own) own.push(row);
    else rows.set(row.participant, [row]);
  }
  return new Map(
    [...rows].map(([id, own]) => [
      id,
      ratesOf(
        own.sort((a, b) => a.tick - b.tick),
        (row) => secondsAfterT0(manifest, row.stalled ? row.tNs : row.countedNs),
      ),
    ]),
  );
}

function ratesOf(rows: readonly SampleRow[], secondsOf: (row: SampleRow) => number): Rate[] {
  let answeredAt = 0;
  return rows.map((row) => {
    const at = secondsOf(row);
    const seconds = at - answeredAt;
    if (row.stalled || seconds <= 0) return { tick: row.tick, at, iops: undefined, bytesPerSec: undefined };
    answeredAt = at;
    return {
      tick: row.tick,
      at,
      iops: (row.read.ios + row.write.ios) / seconds,
      bytesPerSec: (row.read.bytes + row.write.bytes) / seconds,
    };
  });
}

/** The sum over all participants at each tick, of those that answered. */
export function totalRate(rates: Iterable<readonly Rate[]>): Rate[] {
  const byTick = new Map<number, Rate>();
  for (const rate of [...rates].flat()) {
    const sum = byTick.get(rate.tick);
    byTick.set(
      rate.tick,
      sum ? { ...sum, iops: add(sum.iops, rate.iops), bytesPerSec: add(sum.bytesPerSec, rate.bytesPerSec) } : rate,
    );
  }
  return [...byTick.values()].sort((a, b) => a.tick - b.tick);
}

function add(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : a + (b ?? 0);
}

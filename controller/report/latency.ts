import { Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { type IoRow, type ReportRun, type SampleRow, tickInWindow } from "./run.ts";

export type Direction = "read" | "write";

/** The samples that totals count: those in the window, of participants that lasted. */
export function samplesInWindow({ manifest, samples }: ReportRun): readonly SampleRow[] {
  const lost = new Set(manifest.participants.filter(({ lost }) => lost).map(({ id }) => id));
  return samples.filter(({ tick, participant }) => tickInWindow(manifest, tick) && !lost.has(participant));
}

/** All I/Os of the rows in one direction, or in both, as one histogram. */
export function mergedLatency(rows: readonly SampleRow[], directions: readonly Direction[]): Histogram {
  const merged = new Histogram();
  for (const row of rows) {
    for (const direction of directions) addRow(merged, row[direction]);
  }
  return merged;
}

/** All I/Os of the run's window. */
export function windowLatency(run: ReportRun): Histogram {
  return mergedLatency(samplesInWindow(run), ["read", "write"]);
}

/** Microseconds; undefined when the I/Os are too few to support the percentile. */
export function percentileUs(histogram: Histogram, share: number): number | undefined {
  const found = percentileNs(histogram, share);
  return found && found.ns / 1000;
}

function addRow(histogram: Histogram, { bins, counts }: IoRow): void {
  for (let index = 0; index < bins.length; index += 1) {
    const [bin, count] = [bins[index], counts[index]];
    if (bin !== undefined && count !== undefined) histogram.add(bin, count);
  }
}

import { binNs, binWidthNs } from "@salvo/shared/fio/bins.ts";
import type { Histogram } from "@salvo/shared/fio/latency.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";

/** Where a step begins, log10 of microseconds, and the share of I/Os in it; a last entry of 0 ends the last step. */
export type Density = readonly (readonly [log10Us: number, share: number])[];

const STEPS_PER_DECADE = 30;

/**
 * A histogram in even steps of the logarithm. fio's bins are not even (their width doubles at each power of two), which
 * would show as teeth; so each bin's I/Os are spread over the steps that it overlaps. Undefined of no I/Os.
 */
export function densityOf(histogram: Histogram): Density | undefined {
  if (histogram.total === 0) return undefined;
  const shares = new Map<number, number>();
  for (const [bin, count] of histogram.used()) {
    const from = lowerEdgeNs(bin);
    spread(shares, stepOf(from), stepOf(Math.floor(from) + binWidthNs(bin)), count / histogram.total);
  }
  const first = least(shares.keys());
  const last = greatest(shares.keys());
  const density: [number, number][] = [];
  // One empty step before, so that the outline begins at zero, and one behind.
  for (let step = first - 1; step <= last + 1; step += 1) {
    density.push([step / STEPS_PER_DECADE - 3, shares.get(step) ?? 0]);
  }
  return density;
}

/** Adds a share to the steps between two places, to each as much as it overlaps. */
function spread(shares: Map<number, number>, from: number, to: number, share: number): void {
  for (let step = Math.floor(from); step < to; step += 1) {
    const overlap = Math.min(to, step + 1) - Math.max(from, step);
    shares.set(step, (shares.get(step) ?? 0) + (share * overlap) / (to - from));
  }
}

/** Of all that is in the bin; half a nanosecond is the least that has a logarithm here. */
function lowerEdgeNs(bin: number): number {
  const widthNs = binWidthNs(bin);
  return Math.max(0.5, widthNs === 1 ? bin : binNs(bin) - widthNs / 2);
}

function stepOf(ns: number): number {
  return Math.log10(ns) * STEPS_PER_DECADE;
}

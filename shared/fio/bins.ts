/**
 * fio's latency bins (stat.h, FIO_IO_U_PLAT_*): 29 groups of 64. Below 128 ns a bin holds one value; after that each group
 * covers twice the range of the one before, so a bin is never wider than 1/64 of the values in it. fio puts everything from
 * 2^34 ns (17.2 s) on into the last bin.
 */
import { assert } from "../kernel/assert.ts";

export const BIN_COUNT = 1856;
/** What lands in this bin may have taken any time above its lower edge. */
export const CLAMP_BIN = BIN_COUNT - 1;

const GROUP_BITS = 6;
const GROUP_BINS = 1 << GROUP_BITS;

/** How many ns wide the bin is: a power of two. */
export function binWidthNs(bin: number): number {
  assert(Number.isInteger(bin) && bin >= 0 && bin < BIN_COUNT, `bin ${bin} does not exist`);
  return bin < 2 * GROUP_BINS ? 1 : 2 ** ((bin >> GROUP_BITS) - 1);
}

/** The ns that fio prints for the bin: the middle of what it holds. */
export function binNs(bin: number): number {
  const widthNs = binWidthNs(bin);
  if (widthNs === 1) return bin;
  return (GROUP_BINS + (bin % GROUP_BINS) + 0.5) * widthNs;
}

/** The whole ns that the bin holds, from the least to the most; the last bin holds all above as well. */
export function binRangeNs(bin: number): { readonly leastNs: number; readonly mostNs: number } {
  const widthNs = binWidthNs(bin);
  const leastNs = widthNs === 1 ? bin : (GROUP_BINS + (bin % GROUP_BINS)) * widthNs;
  return { leastNs, mostNs: leastNs + widthNs - 1 };
}

/** The bin that a latency of so many ns falls into; inverse of binNs. */
export function binOf(ns: number): number {
  assert(ns >= 0, `a latency of ${ns} ns cannot be`);
  if (ns >= 2 ** 34) return CLAMP_BIN;
  const whole = Math.floor(ns);
  if (whole < 2 * GROUP_BINS) return whole;
  const group = Math.floor(Math.log2(whole)) - GROUP_BITS;
  return group * GROUP_BINS + Math.floor(whole / 2 ** group);
}

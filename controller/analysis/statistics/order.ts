/** Values in ascending order, and what their middle is. */
import { assert } from "@salvo/shared/kernel/assert.ts";

export function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** The middle value; of an even number, the mean of the two in the middle. There must be one. */
export function median(values: readonly number[]): number {
  return medianOfSorted(ascending(values));
}

/** As median(), of values that ascend. */
export function medianOfSorted(sorted: ArrayLike<number>): number {
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  const upper = sorted[Math.floor(sorted.length / 2)];
  assert(lower !== undefined && upper !== undefined, "no values have no median");
  return (lower + upper) / 2;
}

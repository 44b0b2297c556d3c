/** A list spread into Math.max() is put on the stack: some 120,000 values are too many, and a long run has more. */

/** The greatest of them and of `atLeast`; -Infinity of none. */
export function greatest(values: Iterable<number>, atLeast = -Infinity): number {
  let found = atLeast;
  for (const value of values) found = Math.max(found, value);
  return found;
}

/** The least of them and of `atMost`; Infinity of none. */
export function least(values: Iterable<number>, atMost = Infinity): number {
  let found = atMost;
  for (const value of values) found = Math.min(found, value);
  return found;
}

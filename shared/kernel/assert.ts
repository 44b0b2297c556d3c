/** Crashes on a bug. For what may happen in the world, throw a SalvoError instead. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`bug: ${what}`);
}

/** For the default of a switch over a union: fails to compile when a case is forgotten. */
export function unreachable(value: never): never {
  throw new Error(`bug: unexpected ${JSON.stringify(value)}`);
}

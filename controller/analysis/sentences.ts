/** Parts of sentences about a run. */

const NAMES_MAX = 5;

/** `a, b and c`, shortened: the first five of many, and how many more there are. */
export function list(what: readonly string[]): string {
  const shown = what.slice(0, NAMES_MAX).join(", ");
  return what.length > NAMES_MAX ? `${shown} and ${what.length - NAMES_MAX} more` : shown;
}

/** `tick 4` or `ticks 4 to 6`. */
export function ticksText(first: number, last: number): string {
  return first === last ? `tick ${first}` : `ticks ${first} to ${last}`;
}

import { SalvoError } from "../kernel/error.ts";

/** A position in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong in a file, at an offset in its text. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/**
 * One invalid-input error with a line `file:line:column: message` for each of the first hundred mistakes, in the file's
 * order; the first one's place is in its facts.
 */
export function mistakesError(file: string, found: readonly Mistake[], placeOf: (offset: number) => Place): SalvoError {
  // What is wrong with an anchored value is found again at each of its aliases.
  const mistakes = [...new Map(found.map((mistake) => [`${mistake.offset} ${mistake.message}`, mistake])).values()];
  const ordered = mistakes.toSorted((a, b) => a.offset - b.offset).slice(0, LISTED_MAX);
  const lines = ordered.map(({ offset, message }) => {
    const { line, column } = placeOf(offset);
    return `${file}:${line}:${column}: ${message}`;
  });
  if (mistakes.length > LISTED_MAX) lines.push(`${file}: and ${mistakes.length - LISTED_MAX} more mistakes`);
  const first = placeOf(ordered[0]?.offset ?? 0);
  return new SalvoError("invalid-input", lines.join("\n"), { file, ...first });
}

const LISTED_MAX = 100;

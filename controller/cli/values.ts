import { InvalidArgumentError } from "commander";

export function parseCount(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && value <= 1000) return value;
  throw new InvalidArgumentError("a whole number from 1 to 1000 is needed.");
}

export function parseSeconds(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && value <= 604_800) return value;
  throw new InvalidArgumentError("whole seconds from 1 to 604800 are needed.");
}

export function parseMebibytes(text: string): number {
  const value = wholeNumber(text);
  if (value >= 64 && value <= 2 ** 20) return value;
  throw new InvalidArgumentError("a number of MiB from 64 to 1048576 is needed, without a unit.");
}

/** Digits and nothing else: what Number takes besides (1e3, 0x10, an empty text) is more often a slip. */
function wholeNumber(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

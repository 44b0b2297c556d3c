import { InvalidArgumentError } from "commander";

export function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new InvalidArgumentError("a whole number from 1 to 1000 is needed.");
}

export function parseSeconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 604_800) return value;
  throw new InvalidArgumentError("whole seconds from 1 to 604800 are needed.");
}

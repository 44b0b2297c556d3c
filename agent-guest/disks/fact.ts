import type { Fact } from "@salvo/shared/agent/domain/guard/facts.ts";
import { readFileSync, statSync } from "node:fs";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

/** A fact that could not be gathered, for whatever reason, is unknown: the guard takes that for a no. */
export function fact<T>(find: () => T): Fact<T> {
  try {
    return { value: find() };
  } catch (error) {
    return { unknown: error instanceof Error ? error.message : String(error) };
  }
}

/** undefined when there is no such file; throws when it cannot be read. */
export function readIfThere(path: string): Buffer | undefined {
  // Far quicker than an error that is thrown: most disks have few of these files.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

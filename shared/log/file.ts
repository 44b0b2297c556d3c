import { appendFileSync, existsSync, renameSync, statSync } from "node:fs";
import { toSalvoError } from "../kernel/error.ts";
import type { Destination } from "./destination.ts";

/** An agent tells little; this is months of it. */
const BYTES_MAX = 10 * 1024 * 1024;

/**
 * A file that log lines are added to, each before the call returns. One that has grown large is set aside as `<file>.old` when
 * it is opened, in place of the one before. Throws when it cannot be written to.
 */
export function openLogFile(path: string): Destination {
  try {
    if (existsSync(path) && statSync(path).size > BYTES_MAX) renameSync(path, `${path}.old`);
    appendFileSync(path, "", { mode: 0o600 });
  } catch (error) {
    throw toSalvoError(error, { file: path, remedy: "Name a file that this user can write to: --log" });
  }
  return { write: (line) => appendFileSync(path, line) };
}

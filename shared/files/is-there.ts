import { statSync } from "node:fs";
import { toSalvoError } from "../kernel/error.ts";

/**
 * Whether there is something of that name. Unlike existsSync it throws where that cannot be known (a folder that this user may not
 * look into, a disk that fails): "not revoked" must not be what a failed look says.
 */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw toSalvoError(error, { file: path });
  }
}

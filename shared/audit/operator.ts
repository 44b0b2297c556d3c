import { hostname, userInfo } from "node:os";
import { SalvoError } from "../kernel/error.ts";

/** Who types the command, as the operating system knows them. */
export function operator(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A user without a name, as in some containers.
    if (process.getuid) return `uid ${process.getuid()}`;
    throw new SalvoError("not-found", "the operating system does not say which user this is", { cause: error });
  }
}

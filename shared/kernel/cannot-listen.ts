import { errnoOf } from "./errno.ts";
import { type ErrorKind, SalvoError } from "./error.ts";

const KINDS: Readonly<Record<string, readonly [ErrorKind, string]>> = {
  EADDRINUSE: ["wrong-state", "End the program that listens there, or choose another port"],
  EACCES: ["refused", "Choose a port above 1023"],
};

/** What a server is told that cannot take its address. */
export function cannotListen(address: string, cause: unknown): SalvoError {
  const [kind, remedy] = KINDS[errnoOf(cause)] ?? ["invalid-input", "Choose an address of this host"];
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SalvoError(kind, `cannot listen on ${address}: ${why}`, { remedy, cause });
}

import { hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type AuditLog, openAuditLog } from "@salvo/shared/audit/log.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** The lab's audit log stands beside its lab file. */
export function labAuditFile(labFile: string): string {
  return join(dirname(resolve(labFile)), "audit.jsonl");
}

/** Throws `corrupt` when its end is not as it was written. */
export async function openLabAudit(labFile: string): Promise<AuditLog> {
  return openAuditLog(labAuditFile(labFile), { now: Date.now });
}

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

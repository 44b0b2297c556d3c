import { dirname, join, resolve } from "node:path";
import { AUDIT_FILE, type AuditLog, openAuditLog } from "@salvo/shared/audit/log.ts";

/** The lab's audit log stands beside its lab file. */
export function labAuditFile(labFile: string): string {
  return join(dirname(resolve(labFile)), AUDIT_FILE);
}

/** Throws `corrupt` when its end is not as it was written. */
export async function openLabAudit(labFile: string): Promise<AuditLog> {
  return openAuditLog(labAuditFile(labFile), { now: Date.now });
}

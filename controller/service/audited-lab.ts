import { join } from "node:path";
import { AUDIT_FILE, type AuditLog, openAuditLog } from "@salvo/shared/audit/log.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";

/** A lab of which everything that changes it, or what its agents may do, stands in its audit log before it is done. */
export interface AuditedLab extends LabFolder {
  readonly audit: AuditLog;
  /** Who does it: user@host. */
  readonly who: string;
}

/** With the audit log in the lab's folder. Throws `corrupt` when that log's end is not as it was written. */
export async function openAuditedLab(lab: LabFolder, folder: string, who: string): Promise<AuditedLab> {
  return auditLab(lab, await openAuditLog(join(folder, AUDIT_FILE), { now: Date.now }), who);
}

function auditLab(lab: LabFolder, audit: AuditLog, who: string): AuditedLab {
  return {
    ...lab,
    audit,
    who,
    createToken: async (grant, nowMs) =>
      audit.around({ who, what: "token create", details: { agent: grant.agent, roles: grant.roles.join(" ") } }, () =>
        lab.createToken(grant, nowMs),
      ),
    async join(options) {
      const join = () => lab.join(options);
      // What anybody at all may send must not fill the log; without such a token nothing is changed.
      if (!lab.isToken(options.id)) return join();
      const deed = { who, what: "join", details: { token: options.id, from: options.from ?? "" } };
      const answer = ({ agent, roles }: { agent: string; roles: readonly string[] }) => ({
        agent,
        roles: roles.join(" "),
      });
      return audit.around(deed, join, { answer });
    },
    renew: async (agent, request, nowMs) =>
      audit.around({ who, what: "renew", details: { agent } }, () => lab.renew(agent, request, nowMs)),
    createReader: async (name, nowMs) =>
      audit.around({ who, what: "reader create", details: { reader: name } }, () => lab.createReader(name, nowMs)),
    revokeReader: async (name) =>
      audit.around({ who, what: "reader revoke", details: { reader: name } }, () => lab.revokeReader(name)),
    renewController: async (nowMs) =>
      audit.around({ who, what: "controller renew", details: {} }, () => lab.renewController(nowMs)),
    revoke: async (agent) => audit.around({ who, what: "agents revoke", details: { agent } }, () => lab.revoke(agent)),
  };
}

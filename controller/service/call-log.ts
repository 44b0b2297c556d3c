import type { ReleaseResponse } from "@salvo/proto/agent_pb.ts";
import type { Details } from "@salvo/shared/audit/entry.ts";
import { excerpt } from "@salvo/shared/audit/fit.ts";
import type { Clock, Nanos } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { AuditedLab } from "./audited-lab.ts";

/** What a run asks of its agents stands in the lab's audit log before it is asked, and how they answered after. */
export interface CallLog {
  around<T>(
    method: "Arm" | "Fire" | "Abort" | "Release",
    agent: string,
    details: Details,
    call: () => Promise<T>,
    answer?: (value: T) => Details,
  ): Promise<T>;
  /** How long it took the last time until the call could be made. */
  readonly delayNs: Nanos;
}

export interface CallLogDeps {
  readonly run: string;
  readonly lab: AuditedLab;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createCallLog({ run, lab: { audit, who }, clock, logger }: CallLogDeps): CallLog {
  let delayNs: Nanos = 0n;
  return {
    get delayNs() {
      return delayNs;
    },
    async around(method, agent, details, call, answer = () => ({})) {
      const beganNs = clock.now();
      const act = async () => {
        delayNs = clock.now() - beganNs;
        return call();
      };
      return audit.around({ who, what: method, details: { run, agent, ...details } }, act, {
        answer: (value) => ({ agent, ...answer(value) }),
        rule: method === "Arm" || method === "Fire" ? "before" : "anyway",
        onUnwritten: (error) => logger.warn({ run, agent, method, error }, "asked, but not all is in the audit log"),
      });
    },
  };
}

const HASH_CHARS = 64;

/** Of the agent's own audit log: when that ends before this, or has another entry there, somebody has cut or changed it. */
export function headOf({ auditHead }: ReleaseResponse): Details {
  return auditHead ? { audit_seq: Number(auditHead.seq), audit_hash: excerpt(auditHead.hash, HASH_CHARS) } : {};
}

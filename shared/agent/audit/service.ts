/** What of the contract is written into the agent's audit log, in one table, before its handlers are called. */
import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { X509Certificate } from "node:crypto";
import type { Details } from "../../audit/entry.ts";
import { excerpt } from "../../audit/fit.ts";
import type { AroundOptions, AuditLog } from "../../audit/log.ts";
import type { SalvoError } from "../../kernel/error.ts";
import type { Logger } from "../../log/logger.ts";
import type { CallContext, ImplementedMethod, ImplementedService } from "../../rpc/service.ts";

export interface AuditedMethod {
  readonly name: string;
  readonly details: (request: unknown) => Details;
  readonly rule: NonNullable<AroundOptions<unknown>["rule"]>;
}

export const AUDITED: readonly AuditedMethod[] = [
  audited(AgentService.method.arm, "before", ({ run, workload, participants, planHash }) => ({
    run,
    workload: workload?.name ?? "",
    participants: participants.length,
    devices: [...new Set(participants.map(({ device }) => device))].join(" "),
    plan_hash: planHash,
  })),
  audited(AgentService.method.fire, "before", ({ run, t0Ns }) => ({ run, t0_ns: String(t0Ns) })),
  audited(AgentService.method.abort, "anyway", ({ run, reason }) => ({ run, reason: excerpt(reason) })),
  audited(AgentService.method.release, "anyway", ({ run }) => ({ run })),
  audited(IdentityService.method.installCertificate, "before", ({ certificate }) => ({
    serial: serialOf(certificate),
  })),
];

/** They write entries of their own: one before each step (provision/provisioner.ts). */
export const AUDITED_WITHIN: readonly string[] = [
  "salvo.v1.TargetService/Apply",
  "salvo.v1.InitiatorService/Apply",
  "salvo.v1.DiskService/Apply",
  "salvo.v1.HypervisorService/Apply",
];

/** They change nothing on the host: what RequestCertificate makes is of no use before it is installed. */
export const UNAUDITED: readonly string[] = [
  "salvo.v1.AgentService/Describe",
  "salvo.v1.AgentService/ProbeClock",
  "salvo.v1.AgentService/Watch",
  "salvo.v1.AgentService/Collect",
  "salvo.v1.IdentityService/RequestCertificate",
  "salvo.v1.TargetService/Inspect",
  "salvo.v1.TargetService/Plan",
  "salvo.v1.InitiatorService/Inspect",
  "salvo.v1.InitiatorService/Plan",
  "salvo.v1.DiskService/Inspect",
  "salvo.v1.DiskService/Plan",
  "salvo.v1.HypervisorService/Inspect",
  "salvo.v1.HypervisorService/Plan",
  "salvo.v1.PathService/Inspect",
  "salvo.v1.PathService/Ping",
  "salvo.v1.PathService/Serve",
  "salvo.v1.PathService/Measure",
];

function audited<Method extends DescMethod & { readonly methodKind: "unary" }>(
  method: Method,
  rule: AuditedMethod["rule"],
  details: (request: MessageShape<Method["input"]>) => Details,
): AuditedMethod {
  return {
    name: `${method.parent.typeName}/${method.name}`,
    rule,
    // Whoever has a method of this name has decoded its own message.
    details: (request) => details(request as MessageShape<Method["input"]>),
  };
}

export interface AuditDeps {
  readonly audit: AuditLog;
  readonly log: Logger;
}

/** The same service; each call of a method of the table stands in the log before it does anything. */
export function auditService({ typeName, methods }: ImplementedService, deps: AuditDeps): ImplementedService {
  return { typeName, methods: methods.map((method) => auditMethod(method, deps)) };
}

function auditMethod({ definition, handler }: ImplementedMethod, { audit, log }: AuditDeps): ImplementedMethod {
  const known = AUDITED.find(({ name }) => name === definition.name);
  if (!known) return { definition, handler };
  const { name: what, rule, details } = known;

  return {
    definition,
    handler: async (request, context: CallContext) => {
      const who = context.peer.identity ?? "anybody";
      const act = async (): Promise<unknown> => handler(request, context);
      // Nobody waits for the end to be written: between Fire and T0 there is no time to spare.
      const onUnwritten = (error: SalvoError) =>
        log.error({ error, method: what }, "done, but not all of it is in the audit log");
      return audit.around({ who, what, details: details(request) }, act, { rule, onUnwritten });
    },
  };
}

function serialOf(pem: string): string {
  try {
    return new X509Certificate(pem).serialNumber;
  } catch {
    return "none: this is no certificate"; // and will not be installed
  }
}

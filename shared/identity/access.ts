import { SalvoError } from "../kernel/error.ts";
import { describeIdentity, parseIdentity } from "./name.ts";

/** Who may call each method of the contract; the test beside this compares it with the proto files, both ways. */
export const ACCESS = {
  "salvo.v1.AgentService/Describe": "controller",
  "salvo.v1.AgentService/ProbeClock": "controller",
  "salvo.v1.AgentService/Arm": "controller",
  "salvo.v1.AgentService/Fire": "controller",
  "salvo.v1.AgentService/Abort": "controller",
  "salvo.v1.AgentService/Watch": "controller",
  "salvo.v1.AgentService/Collect": "controller",
  "salvo.v1.AgentService/Release": "controller",
  "salvo.v1.IdentityService/RequestCertificate": "controller",
  "salvo.v1.IdentityService/InstallCertificate": "controller",
  "salvo.v1.TargetService/Inspect": "controller",
  "salvo.v1.TargetService/Plan": "controller",
  "salvo.v1.TargetService/Apply": "controller",
  "salvo.v1.InitiatorService/Inspect": "controller",
  "salvo.v1.InitiatorService/Plan": "controller",
  "salvo.v1.InitiatorService/Apply": "controller",
  "salvo.v1.DiskService/Inspect": "controller",
  "salvo.v1.DiskService/Plan": "controller",
  "salvo.v1.DiskService/Apply": "controller",
  "salvo.v1.HypervisorService/Inspect": "controller",
  "salvo.v1.HypervisorService/Plan": "controller",
  "salvo.v1.HypervisorService/Apply": "controller",
  "salvo.v1.PathService/Inspect": "controller",
  "salvo.v1.PathService/Ping": "controller",
  "salvo.v1.PathService/Serve": "controller",
  "salvo.v1.PathService/Measure": "controller",
  /** Whoever has a token: the only method that is reached without a certificate. */
  "salvo.v1.EnrolmentService/Join": "anybody",
} as const satisfies Readonly<Record<string, "controller" | "anybody">>;

/** Throws `refused` unless the holder of that identity (a URI) in this lab may call the method. */
export function authorize(lab: string, method: string, uri: string | undefined): void {
  const table: Readonly<Record<string, "controller" | "anybody">> = ACCESS;
  const allowed = Object.hasOwn(table, method) ? table[method] : undefined;
  if (allowed === "anybody") return;
  const caller = parseIdentity(uri);
  if (allowed === "controller" && caller?.kind === "controller" && caller.lab === lab) return;
  throw new SalvoError("refused", `${method} is not for ${describeIdentity(caller)}`, {
    remedy: `Only the controller of lab ${lab} may call it`,
  });
}

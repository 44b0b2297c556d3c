import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { describeVerification, verificationJson } from "../../audit/describe.ts";
import type { Details } from "../../audit/entry.ts";
import { AUDIT_FILE, openAuditLog } from "../../audit/log.ts";
import { verifyLog } from "../../audit/read-log.ts";
import { operator } from "../../audit/operator.ts";
import { EXIT } from "../../kernel/exit.ts";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The agent's own audit log, as `salvo audit verify` would judge it, which is not on this host. Gives the exit code. */
export async function verifyOwnAudit(
  { dataDir }: Pick<AgentConfig, "dataDir">,
  json: boolean,
  print: (text: string) => unknown,
): Promise<number> {
  const file = join(dataDir, AUDIT_FILE);
  const found = await verifyLog(file);
  print(json ? `${JSON.stringify(verificationJson(file, found))}\n` : describeVerification(file, found));
  return found.holds ? EXIT.ok.code : EXIT.environment.code;
}

/** Does what a person asks for on this host, after it stands in the agent's audit log, which may be open in the agent too. */
export async function auditCommand<T>(
  folder: string,
  what: string,
  details: Details,
  act: () => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const audit = await openAuditLog(join(folder, AUDIT_FILE), { now: Date.now });
  return audit.around({ who: operator(), what, details }, act);
}

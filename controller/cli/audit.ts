import { describeDetails, describeVerification, onOneLine, verificationJson } from "@salvo/shared/audit/describe.ts";
import type { Entry } from "@salvo/shared/audit/entry.ts";
import { verifyLog } from "@salvo/shared/audit/read-log.ts";
import type { Verification } from "@salvo/shared/audit/verify.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { labAuditFile } from "./audit-log.ts";
import type { Io } from "./io.ts";
import { textTable } from "./table.ts";

export interface AuditCommand {
  readonly lab?: string;
  readonly json?: boolean;
}

export interface AuditVerifyCommand extends AuditCommand {
  /** Instead of the lab's own. */
  readonly files: readonly string[];
  /** Whose log the files are. */
  readonly agent?: string;
}

/** 0 when all of them are as they were written, and otherwise `environment`, with the lines on stdout. */
export async function verifyAudits({ files, agent, lab, json = false }: AuditVerifyCommand, io: Io): Promise<number> {
  const heads = agent === undefined ? new Map<number, string>() : await headsOf(agent, ownFile(lab));
  let hold = true;
  for (const file of files.length > 0 ? files : [ownFile(lab)]) {
    const found = await verifyAgainst(file, heads);
    io.stdout.write(json ? `${JSON.stringify(verificationJson(file, found))}\n` : describeVerification(file, found));
    hold &&= found.holds;
  }
  return hold ? EXIT.ok.code : EXIT.environment.code;
}

function ownFile(lab: string | undefined): string {
  if (lab !== undefined) return labAuditFile(lab);
  throw new SalvoError("invalid-input", "no audit log is named", { remedy: "Name the lab with --lab, or files" });
}

/** Where an agent's log ended whenever a run was sealed and released, as the lab's log has it: hashes by number. */
async function headsOf(agent: string, labLog: string): Promise<Map<number, string>> {
  const heads = new Map<number, string>();
  await verifyLog(labLog, ({ details }) => {
    const { audit_seq: seq, audit_hash: hash } = details;
    if (details["agent"] === agent && typeof seq === "number" && typeof hash === "string") heads.set(seq, hash);
  });
  return heads;
}

async function verifyAgainst(file: string, heads: ReadonlyMap<number, string>): Promise<Verification> {
  const missing = new Map(heads);
  const others: number[] = [];
  const found = await verifyLog(file, ({ seq, hash }) => {
    const known = heads.get(seq);
    missing.delete(seq);
    if (known !== undefined && known !== hash) others.push(seq);
  });
  const line = found.entries;
  const broken = [
    ...found.broken,
    ...others.map((seq) => ({ line, why: `its entry ${seq} is not the one that the lab's log knows of` })),
    ...[...missing.keys()].map((seq) => ({ line, why: `it ends before entry ${seq}, which the lab's log knows of` })),
  ];
  return { ...found, broken, holds: found.holds && broken.length === 0 };
}

export interface AuditShowCommand extends AuditCommand {
  readonly file?: string;
  readonly last: number;
}

/** The last deeds, each with how it ended; as JSON all entries as they stand there. */
export async function showAudit({ file, lab, last, json = false }: AuditShowCommand, io: Io): Promise<number> {
  const entries: Entry[] = [];
  const keep = (entry: Entry) => {
    if (json) io.stdout.write(`${JSON.stringify(entry)}\n`);
    else if (entries.push(entry) > 4 * last) entries.splice(0, 2 * last);
  };
  const path = file ?? ownFile(lab);
  const found = await verifyLog(path, keep);
  if (!json) io.stdout.write(deedTable(entries, last));
  if (!found.holds) io.stderr.write(describeVerification(path, found));
  return found.holds ? EXIT.ok.code : EXIT.environment.code;
}

function deedTable(entries: readonly Entry[], last: number): string {
  const ends = new Map(entries.flatMap((entry) => (entry.kind === "end" ? [[entry.of, entry] as const] : [])));
  const rows = entries.flatMap((entry) => {
    const { seq, at, kind, who, what, details } = entry;
    if (kind === "end") return [];
    const end = ends.get(seq);
    const result = kind === "begin" ? (end ? end.result : "never ended") : kind;
    const told = [describeDetails({ ...details, ...end?.details }), end && onOneLine(end.message)];
    return [[String(seq), at, onOneLine(who), onOneLine(what), result, told.filter(Boolean).join(" ")]];
  });
  return textTable(["entry", "when", "who", "what", "result", "details"], rows.slice(-last), { right: new Set([0]) });
}

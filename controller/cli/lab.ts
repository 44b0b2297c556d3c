import { dirname, resolve } from "node:path";
import type { Lab } from "@salvo/proto/lab_pb.ts";
import { operator } from "@salvo/shared/audit/operator.ts";
import { openLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type AuditedLab, openAuditedLab } from "../service/audited-lab.ts";

/** The lab that a lab file belongs to: keys and certificates stand beside it. Throws `not-found` where there are none. */
export async function openLabOf(labFile: string, { name }: Pick<Lab, "name">): Promise<AuditedLab> {
  const folder = dirname(resolve(labFile));
  const lab = await openLabFolder(folder, Date.now());
  if (lab.lab === name) return openAuditedLab(lab, folder, operator());
  throw new SalvoError("invalid-input", `the lab is called ${name} here, and ${lab.lab} in its own certificates`, {
    file: labFile,
    remedy: `Write name: ${lab.lab}, or make another folder with: salvo init`,
  });
}

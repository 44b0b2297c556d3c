/** Files with something secret, which nobody but the agent's account, SYSTEM and administrators may touch. */
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { readFile } from "node:fs/promises";
import { textOf, textsOf } from "./powershell/fields.ts";
import type { PowerShell } from "./powershell/bridge.ts";

/** SYSTEM and Administrators: who is one of these can read everything anyway ("well-known SIDs" of Windows' reference). */
const TRUSTED = ["S-1-5-18", "S-1-5-32-544"];

/** Its lines. Throws `not-found`, and `refused` for a file that others may read or of which that is not known. */
export async function readPrivateLines(file: string, powerShell: PowerShell): Promise<string[]> {
  try {
    const text = await readFile(file, "utf8");
    const access = await powerShell.call("file-access", { Path: file });
    const trusted = new Set([...TRUSTED, textOf(access, "self")]);
    const allowed = textsOf(access, "allowed");
    const others = allowed.filter((sid) => !trusted.has(sid));
    if (allowed.length === 0 || others.length > 0)
      throw new SalvoError("refused", `other accounts may use this file: ${others.join(", ") || "nobody is named"}`, {
        file,
        remedy: `Type: icacls "${file}" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F`,
      });
    return text.replace(/^\u{feff}/u, "").split(/\r?\n/);
  } catch (error) {
    throw toSalvoError(error, { file });
  }
}

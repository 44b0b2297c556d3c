/** A process's own identity on its disk: `identity.pem` with key and certificates, and `ca.pem`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Credential } from "./pem.ts";
import { replaceFile } from "../files/durable.ts";

/** Key and certificate are one file, so that no crash can part them. */
const IDENTITY = "identity.pem";
const CA = "ca.pem";

export async function writeIdentity(folder: string, { ca, certificate, key }: Credential): Promise<void> {
  await replaceFile(join(folder, CA), ca);
  await replaceFile(join(folder, IDENTITY), `${key}${certificate}`);
}

/** Throws `not-found` with the remedy when there is none, `corrupt` when the files are not what was written. */
export async function readIdentity(folder: string, remedy: string): Promise<Credential> {
  try {
    const [own, ca] = await Promise.all([IDENTITY, CA].map((name) => readFile(join(folder, name), "utf8")));
    const [, key, certificate] =
      /^(-----BEGIN PRIVATE KEY-----.+-----END PRIVATE KEY-----\n)(.+)$/s.exec(own ?? "") ?? [];
    if (key !== undefined && certificate !== undefined && ca !== undefined) return { ca, key, certificate };
  } catch (caught) {
    const { kind, message } = toSalvoError(caught);
    const text = kind === "not-found" ? "there is no certificate here" : message;
    throw new SalvoError(kind, text, { file: folder, remedy, cause: caught });
  }
  throw new SalvoError("corrupt", `${IDENTITY} is not a key and its certificates`, { file: folder, remedy });
}

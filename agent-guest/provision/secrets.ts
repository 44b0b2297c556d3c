import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";

/** The secrets of an agent's own folder. They are compared and written to the kernel, and never shown. */
export interface Secrets {
  /** Its first line. Throws `not-found`, and `refused` for a file that others may read. */
  readonly read: (name: string) => string;
  /** The same for the same secret, as long as this process lives; tells nothing of it. */
  readonly fingerprint: (secret: string) => string;
}

export function openSecrets(folder: string): Secrets {
  const key = randomBytes(32);
  return {
    read: (name) => readSecret(join(folder, name)),
    fingerprint: (secret) => createHmac("sha256", key).update(secret).digest("hex").slice(0, 8),
  };
}

function readSecret(file: string): string {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new SalvoError("refused", "other users may read this secret", { file, remedy: `Type: chmod 600 ${file}` });
    const [secret = ""] = readFileSync(file, "utf8").split("\n");
    if (secret.length >= 12 && secret.length <= 255) return secret;
    throw new SalvoError("refused", "a CHAP secret has 12 to 255 characters, all on the first line", { file });
  } catch (error) {
    throw toSalvoError(error, { file, remedy: "Write the secret into that file, for root alone to read" });
  }
}

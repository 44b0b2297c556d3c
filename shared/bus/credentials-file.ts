import { open, readFile } from "node:fs/promises";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { OthersTls } from "./connection.ts";

const BYTES_MAX = 64 * 1024;

/**
 * Reads what a NATS that others run is to be shown. Throws `refused` when others on this host could read it too, and
 * `invalid-input` when it is neither a credentials file nor the seed of a user's nkey. No error repeats what is in it.
 */
export async function readNatsCredentials({
  credentials: file,
  ca,
}: {
  readonly credentials: string;
  readonly ca: string;
}): Promise<OthersTls> {
  const credentials = await readSecret(file);
  if (!isCredentials(credentials))
    throw new SalvoError("invalid-input", "this is neither a NATS credentials file nor the seed of a user's nkey", {
      file,
      remedy: "Use what nsc or your NATS provider has written, or a file with one line that begins with SU",
    });
  return { credentials, ca: ca === "" ? undefined : await readText(ca) };
}

function isCredentials(text: string): boolean {
  const seed = "SU[A-Z2-7]{56}";
  return text.includes("BEGIN NATS USER JWT")
    ? new RegExp(`BEGIN USER NKEY SEED-+\\s+${seed}\\s`).test(text)
    : new RegExp(`^${seed}$`).test(text.trim());
}

async function readSecret(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { mode, size } = await handle.stat();
    // Windows has no such bits: there they are always set.
    if ((mode & 0o077) !== 0 && process.platform !== "win32")
      throw new SalvoError("refused", "others on this host can read this secret", {
        file,
        remedy: `chmod 600 ${file}`,
      });
    if (size > BYTES_MAX) throw new SalvoError("invalid-input", "this is too large to be credentials", { file });
    return await handle.readFile("utf8");
  } catch (error) {
    throw toSalvoError(error, { file });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw toSalvoError(error, { file });
  }
}

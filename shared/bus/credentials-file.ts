import { readPlainText } from "../files/read-file.ts";
import { SalvoError } from "../kernel/error.ts";
import type { OthersTls } from "./connection.ts";

/** A bundle of certificate authorities of a whole company has some hundred KiB. */
const BYTES_MAX = 1024 * 1024;

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
  const credentials = await readPlainText(file, { bytesMax: BYTES_MAX, secret: true });
  if (!isCredentials(credentials))
    throw new SalvoError("invalid-input", "this is neither a NATS credentials file nor the seed of a user's nkey", {
      file,
      remedy: "Use what nsc or your NATS provider has written, or a file with one line that begins with SU",
    });
  return { credentials, ca: ca === "" ? undefined : await readPlainText(ca, { bytesMax: BYTES_MAX }) };
}

function isCredentials(text: string): boolean {
  const seed = "SU[A-Z2-7]{56}";
  return text.includes("BEGIN NATS USER JWT")
    ? new RegExp(`BEGIN USER NKEY SEED-+\\s+${seed}\\s`).test(text)
    : new RegExp(`^${seed}$`).test(text.trim());
}

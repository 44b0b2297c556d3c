import { parseIdentity } from "@salvo/shared/identity/name.ts";
import { readIdentity } from "@salvo/shared/identity/own.ts";
import { readCertificate } from "@salvo/shared/identity/pem.ts";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";

/**
 * The lab that a disk is claimed for: the one that this host has joined. Only its runs could ever use the disk, so another
 * name is `refused`. Before the host has joined, the lab has to be given: otherwise `invalid-input`.
 */
export async function labToClaimFor(given: string | undefined, identityDir: string): Promise<string> {
  const joined = await joinedLab(identityDir);
  if (joined !== undefined && given !== undefined && given !== joined)
    throw new SalvoError(
      "refused",
      `--lab ${given}: this host has joined lab ${joined}, and only its runs could use the disk`,
      {
        remedy: `Leave --lab out, or join lab ${given} first`,
      },
    );
  const lab = joined ?? given;
  if (lab !== undefined) return lab;
  throw new SalvoError("invalid-input", "this host has not joined a lab yet", {
    file: identityDir,
    remedy: "Join one first, or name the lab with --lab",
  });
}

async function joinedLab(identityDir: string): Promise<string | undefined> {
  try {
    const { certificate } = await readIdentity(identityDir, "Join the lab again");
    return parseIdentity(onlyUri(readCertificate(certificate).subjectAltName))?.lab;
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return undefined;
    throw error;
  }
}

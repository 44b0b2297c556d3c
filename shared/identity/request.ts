/** A host makes its key itself; what leaves it is a request for a certificate (PKCS #10). */
import "reflect-metadata"; // @peculiar/x509 needs it loaded before
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { webcrypto } from "node:crypto";
import { SalvoError } from "../kernel/error.ts";

export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface CertificateRequest {
  /** PEM; never leaves the host. */
  readonly key: string;
  /** DER. Without a name: whoever signs it knows whose it is. */
  readonly request: Uint8Array<ArrayBuffer>;
}

export async function createRequest(): Promise<CertificateRequest> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: ALGORITHM });
  return { key: await keyPem(keys.privateKey), request: new Uint8Array(request.rawData) };
}

export async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

/**
 * The public key of a request (SubjectPublicKeyInfo, DER). Throws `invalid-input` unless it is a P-256 key and its holder
 * signed the request.
 */
export async function requestedKey(request: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  try {
    const parsed = new Pkcs10CertificateRequest(request);
    // The import throws for every other kind of key.
    await webcrypto.subtle.importKey("spki", parsed.publicKey.rawData, ALGORITHM, true, ["verify"]);
    if (await parsed.verify()) return parsed.publicKey.rawData;
  } catch (cause) {
    throw new SalvoError("invalid-input", "this is no request for a certificate with a P-256 key", { cause });
  }
  throw new SalvoError("invalid-input", "the request for a certificate was not signed with its own key");
}

import { createHash, X509Certificate } from "node:crypto";

/** What a process proves itself with, and what it trusts. All PEM. */
export interface Credential {
  /** The lab's CA: the only one that is trusted. */
  readonly ca: string;
  /** The own certificate, and the CA's after it. */
  readonly certificate: string;
  readonly key: string;
}

/** SHA-256 of the public key (SubjectPublicKeyInfo), base64url: what a token pins the lab's CA by. */
export function publicKeyPin(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

/** The first certificate of a PEM text. */
export function readCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** The lab's own certificate authority: one key, made by `salvo init`, that signs for this lab and nobody else. */
import "reflect-metadata"; // @peculiar/x509 needs it loaded before
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { type Identity, identityUri, natsUser } from "./name.ts";
import type { Credential } from "./pem.ts";
import { ALGORITHM, createRequest, keyPem, requestedKey } from "./request.ts";

const CA_LIFE_MS = 10 * 365 * 24 * 60 * 60 * 1000;
/** Hosts whose clock is behind must not find a fresh certificate to be of the future. */
const CLOCK_SLACK_MS = 5 * 60 * 1000;

export interface IssueOptions {
  readonly identity: Identity;
  readonly lifeMs: number;
  readonly nowMs: number;
  /** Its names at NATS, where it is not to have the usual one alone. */
  readonly users?: readonly string[];
  /** A server that is a client of its like. */
  readonly isPeer?: boolean;
  /** Names and addresses of the host, for clients that check those. */
  readonly hosts?: readonly string[];
}

export interface Authority {
  /** PEM of the CA's own certificate. */
  readonly ca: string;
  /** Signs the key of a request (DER), and nothing else of it. Throws `invalid-input`. Gives PEM, the CA's after it. */
  sign(request: Uint8Array<ArrayBuffer>, options: IssueOptions): Promise<string>;
  /** For processes of the controller's own host: makes the key as well. */
  issue(options: IssueOptions): Promise<Credential>;
}

export async function createAuthority(lab: string, nowMs: number): Promise<{ ca: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Salvo lab ${lab}`,
    keys,
    notBefore: new Date(nowMs - CLOCK_SLACK_MS),
    notAfter: new Date(nowMs + CA_LIFE_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  return { ca: `${certificate.toString("pem")}\n`, key: await keyPem(keys.privateKey) };
}

export async function openAuthority({ ca, key }: { readonly ca: string; readonly key: string }): Promise<Authority> {
  const signingKey = await importKey(key);
  const issuer = new X509Certificate(ca).subject;

  async function sign(request: Uint8Array<ArrayBuffer>, options: IssueOptions): Promise<string> {
    const { identity, lifeMs, nowMs, users = [natsUser(identity)], hosts = [], isPeer = false } = options;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer,
      // Who it is stands in the alternative names: a name of free text is nothing to rely on.
      subject: `CN=${natsUser(identity)}`,
      notBefore: new Date(nowMs - CLOCK_SLACK_MS),
      notAfter: new Date(nowMs + lifeMs),
      publicKey: new PublicKey(await requestedKey(request)),
      signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(isPeer ? BOTH : usages(identity)),
        new SubjectAlternativeNameExtension(names(identity, users, hosts)),
      ],
    });
    return `${certificate.toString("pem")}\n${ca}`;
  }

  return {
    ca,
    sign,
    async issue(options) {
      const { key: ownKey, request } = await createRequest();
      return { ca, key: ownKey, certificate: await sign(request, options) };
    },
  };
}

const BOTH = [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth];

/** Agents serve gRPC and are clients of NATS; controller and readers are only ever clients. */
function usages({ kind }: Identity): ExtendedKeyUsage[] {
  if (kind === "agent") return BOTH;
  return [kind === "controller" || kind === "reader" ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth];
}

function names(identity: Identity, users: readonly string[], hosts: readonly string[]): JsonGeneralName[] {
  const isUser = identity.kind !== "nats" && identity.kind !== "enrolment";
  return [
    { type: "url", value: identityUri(identity) },
    ...(isUser ? users.map((value) => ({ type: "dns", value }) as const) : []),
    ...hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }) as const),
  ];
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

/** Positive, as RFC 5280 asks. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

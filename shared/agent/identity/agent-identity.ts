import { createPrivateKey, X509Certificate } from "node:crypto";
import type { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { authorize } from "../../identity/access.ts";
import { AGENT_LAPSE_MS } from "../../identity/life.ts";
import { parseIdentity } from "../../identity/name.ts";
import { readIdentity, writeIdentity } from "../../identity/own.ts";
import { type Credential, publicKeyPin, readCertificate } from "../../identity/pem.ts";
import { onlyUri } from "../../kernel/certificate-uri.ts";
import { SalvoError } from "../../kernel/error.ts";
import { mutualTls, type TlsCredentials } from "../../rpc/credentials.ts";
import type { Peer, ServiceImpl } from "../../rpc/service.ts";
import { newestController } from "./newest-controller.ts";

const REMEDY = "Make a token with `salvo token create` on the controller's host, and join with it";

/** An agent's own certificate, in use: who it is, and whom it serves. */
export interface AgentIdentity {
  readonly lab: string;
  readonly roles: readonly string[];
  readonly credentials: TlsCredentials;
  /** What is in use now; a renewal changes it. */
  readonly current: Credential;
  /** Its certificate has expired: no controller will ask it anything but to take a new one. */
  readonly lapsed: boolean;
  readonly authorize: (method: string, peer: Peer) => void;
  readonly service: ServiceImpl<typeof IdentityService>;
}

/**
 * Throws `not-found` or `refused`, with how to join, unless the folder holds a certificate for that agent that is in
 * force, or expired so lately that the controller still renews it.
 */
export async function openIdentity(folder: string, agent: string, nowMs: number): Promise<AgentIdentity> {
  let current = await readIdentity(folder, REMEDY);
  const { lab, roles } = ownNames(current, agent, folder);
  const lapsed = checkDates(readCertificate(current.certificate), { agent, folder, nowMs });
  const checkController = newestController(folder, publicKeyPin(readCertificate(current.ca)));
  const credentials = mutualTls({ ca: current.ca, own: current });
  let pendingKey: string | undefined;

  return {
    lab,
    roles,
    credentials,
    get current() {
      return current;
    },
    lapsed,
    authorize(method, { identity }) {
      authorize(lab, method, identity);
      const caller = parseIdentity(identity);
      if (caller?.kind === "controller") checkController(caller.generation);
    },
    service: {
      async requestCertificate() {
        // The library that makes requests is large, and most starts of an agent do not need it.
        const { createRequest } = await import("../../identity/request.ts");
        const { key, request } = await createRequest();
        pendingKey = key;
        return { request };
      },
      async installCertificate({ certificate }) {
        const next = checked({ ca: current.ca, certificate, key: pendingKey }, { lab, agent });
        await writeIdentity(folder, next);
        current = next;
        credentials.replace({ ca: next.ca, own: next });
        return {};
      },
    },
  };
}

/** Whether it has expired, lately. */
function checkDates(
  { validFrom, validTo }: X509Certificate,
  { agent, folder, nowMs }: { readonly agent: string; readonly folder: string; readonly nowMs: number },
): boolean {
  const clock = `this host's clock says ${new Date(nowMs).toUTCString()}`;
  if (Date.parse(validFrom) > nowMs)
    throw new SalvoError(
      "refused",
      `the certificate of agent ${agent} is not yet valid before ${validFrom}: ${clock}`,
      {
        file: folder,
        remedy: "Set this host's clock right",
      },
    );
  if (Date.parse(validTo) + AGENT_LAPSE_MS <= nowMs)
    throw new SalvoError("refused", `the certificate of agent ${agent} expired at ${validTo}: ${clock}`, {
      file: folder,
      remedy: REMEDY,
    });
  return Date.parse(validTo) <= nowMs;
}

function ownNames({ certificate }: Credential, agent: string, folder: string) {
  const own = parseIdentity(onlyUri(readCertificate(certificate).subjectAltName));
  if (own?.kind === "agent" && own.id === agent) return own;
  throw new SalvoError("refused", `the certificate here is not that of agent ${agent}`, {
    file: folder,
    remedy: REMEDY,
  });
}

/** Nothing is replaced by what would not work. */
function checked(
  { ca, certificate, key }: { ca: string; certificate: string; key: string | undefined },
  { lab, agent }: { lab: string; agent: string },
): Credential {
  if (key === undefined) throw new SalvoError("wrong-state", "no certificate was requested of this agent");
  const parsed = parse(certificate);
  const own = parseIdentity(onlyUri(parsed.subjectAltName));
  const fits = parsed.checkPrivateKey(createPrivateKey(key)) && parsed.verify(readCertificate(ca).publicKey);
  if (fits && own?.kind === "agent" && own.id === agent && own.lab === lab) return { ca, certificate, key };
  throw new SalvoError("invalid-input", "this certificate is not for the key that the agent has made", { host: agent });
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new SalvoError("invalid-input", "this is no certificate", { cause });
  }
}

/**
 * The folder that `salvo init` makes beside lab.yaml: the lab's CA, the controller's certificate, tokens that wait, and who
 * was enrolled and revoked. Every fact is a file of its own that only ever comes, so processes need no lock between them.
 */
import { randomBytes } from "node:crypto";
import { watch } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isThere } from "../files/is-there.ts";
import { FILES_AT_ONCE, mapAtOnce } from "../kernel/at-once.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { onlyUri } from "../kernel/certificate-uri.ts";
import { type Authority, createAuthority, openAuthority } from "./authority.ts";
import { type Issued, openIssued } from "./issued.ts";
import { AGENT_LIFE_MS } from "./life.ts";
import { isName, natsUser, nextControllerUser, parseIdentity } from "./name.ts";
import { readIdentity, writeIdentity } from "./own.ts";
import { type Credential, publicKeyPin, readCertificate } from "./pem.ts";
import { openReaders, type Readers } from "./reader.ts";
import { replaceFile } from "../files/durable.ts";
import {
  createToken,
  dropTokens,
  type Grant,
  isGrant,
  isTokenId,
  makeTokenFolder,
  redeemToken,
  tokensOf,
} from "./token.ts";

const CONTROLLER_LIFE_MS = 365 * 24 * 60 * 60 * 1000;
const INIT = "Make the lab's folder with: salvo init";

export interface JoinOptions {
  readonly id: string;
  readonly secret: string;
  readonly request: Uint8Array<ArrayBuffer>;
  readonly nowMs: number;
  /** host:port of who asks, for the audit log. */
  readonly from?: string;
}

export interface LabFolder extends Readers {
  readonly lab: string;
  readonly authority: Authority;
  readonly controller: Credential;
  /** The controller's name at NATS. */
  readonly controllerUser: string;
  /** A certificate for a new key, by another name at NATS, and of a later generation: agents refuse those before once they saw it. */
  renewController(nowMs: number): Promise<void>;
  /** Of the CA's key; part of every token. */
  readonly pin: string;
  /** Throws `refused` for an id that was revoked: another host must not inherit what was meant for it. */
  createToken(grant: Grant, nowMs: number): Promise<string>;
  /** Throws `refused` unless the token is good, once. Gives the agent's certificate (PEM). */
  join(options: JoinOptions): Promise<Grant & { readonly certificate: string }>;
  /** There is a token of that id, and nobody has used it. */
  isToken(id: string): boolean;
  /** A new certificate for an agent that has one. Throws `refused` when it was revoked or never was enrolled. */
  renew(agent: string, request: Uint8Array<ArrayBuffer>, nowMs: number): Promise<string>;
  /** Throws `not-found` when it has neither joined nor a token: a name with a letter wrong must not look done. */
  revoke(agent: string): Promise<void>;
  /** Cheap: it is asked before every call. */
  isRevoked(agent: string): boolean;
  /** Everybody who may take part: enrolled and not revoked. */
  agents(): Promise<Grant[]>;
  /** The agents' certificates that are in force, and nobody's who was revoked. */
  issued(nowMs: number): Promise<Issued[]>;
  /** Calls back whenever somebody was let in, given another certificate or revoked, by whatever process. */
  watch(onChange: (what: Watched) => void): Disposable;
}

const WATCHED = ["agents", "issued", "revoked", "readers"] as const;
type Watched = (typeof WATCHED)[number];

/** Throws `wrong-state` when there is a CA in the folder: a second one would lock out all that the first has let in. */
export async function initLabFolder(folder: string, lab: string, nowMs: number): Promise<LabFolder> {
  if (isThere(join(folder, "ca", "ca.key")))
    throw new SalvoError("wrong-state", "this is the folder of a lab already", {
      file: folder,
      remedy: "Name another folder",
    });
  const { ca, key } = await createAuthority(lab, nowMs);
  for (const name of ["agents", "revoked"]) await mkdir(join(folder, "ca", name), { recursive: true, mode: 0o700 });
  await makeTokenFolder(join(folder, "ca", "tokens"));
  const authority = await openAuthority({ ca, key });
  const identity = { kind: "controller", lab, generation: generationAfter(0, nowMs) } as const;
  const options = { identity, lifeMs: CONTROLLER_LIFE_MS, nowMs };
  await writeIdentity(join(folder, "controller"), await authority.issue(options));
  await replaceFile(join(folder, "ca", "ca.pem"), ca);
  await replaceFile(join(folder, "ca", "ca.key"), key);
  return openLabFolder(folder, nowMs);
}

/** Throws `not-found` when the folder was not made by `initLabFolder`. */
export async function openLabFolder(folder: string, nowMs: number): Promise<LabFolder> {
  const place = (...names: string[]) => join(folder, "ca", ...names);
  const [ca, key] = await Promise.all(["ca.pem", "ca.key"].map((name) => readPart(place(name))));
  const authority = await openAuthority({ ca: ca ?? "", key: key ?? "" });
  const controller = await readIdentity(join(folder, "controller"), INIT);
  const certificate = readCertificate(controller.certificate);
  const own = parseIdentity(onlyUri(certificate.subjectAltName));
  if (own?.kind !== "controller")
    throw new SalvoError("corrupt", "the controller's certificate is that of no controller", { file: folder });
  const { lab } = own;
  const pin = publicKeyPin(readCertificate(authority.ca));
  const controllerUser = dnsName(certificate) ?? natsUser({ kind: "controller", lab });
  const issueController = async (user: string, generation: number, nowMs: number) => {
    const identity = { ...own, generation };
    const fresh = await authority.issue({ identity, lifeMs: CONTROLLER_LIFE_MS, nowMs, users: [user] });
    await writeIdentity(join(folder, "controller"), fresh);
    return fresh;
  };
  // The CA is at hand, so nobody need wait for it to expire. Of the same generation: nobody has stolen it, and a command that goes
  // on with the one before must not be cut off by whatever command came next.
  const isDue = Date.parse(certificate.validTo) - nowMs < CONTROLLER_LIFE_MS / 3;

  const isRevoked = (agent: string) => isThere(place("revoked", agent));
  const refuseRevoked = (agent: string) => {
    if (!isRevoked(agent)) return;
    throw new SalvoError("refused", `agent ${agent} was revoked, and its id is never used again`, {
      remedy: "Give the host another id",
    });
  };
  const issued = await openIssued(place("issued"), lab, nowMs);
  const sign = async (grant: Grant, request: Uint8Array<ArrayBuffer>, nowMs: number) => {
    const identity = { kind: "agent", lab, id: grant.agent, roles: grant.roles } as const;
    const { user } = await issued.add(grant.agent, nowMs + AGENT_LIFE_MS);
    // The usual name is for servers that others run: they do not learn of each renewal.
    return authority.sign(request, { identity, lifeMs: AGENT_LIFE_MS, nowMs, users: [user, natsUser(identity)] });
  };

  return {
    ...(await openReaders(place("readers"), lab, authority)),
    lab,
    authority,
    pin,
    isRevoked,
    controllerUser,
    controller: isDue ? await issueController(controllerUser, own.generation, nowMs) : controller,
    async renewController(nowMs) {
      const user = nextControllerUser(lab, randomBytes(8).toString("hex"));
      await issueController(user, generationAfter(own.generation, nowMs), nowMs);
    },
    async createToken(grant, nowMs) {
      checkId(grant.agent);
      refuseRevoked(grant.agent);
      return createToken(place("tokens"), { ...grant, pin, nowMs });
    },
    isToken: (id) => isTokenId(id) && isThere(place("tokens", id)),
    async join({ request, ...redemption }) {
      const grant = await redeemToken(place("tokens"), redemption);
      refuseRevoked(grant.agent);
      const certificate = await sign(grant, request, redemption.nowMs);
      await replaceFile(place("agents", grant.agent), JSON.stringify(grant));
      return { ...grant, certificate };
    },
    async renew(agent, request, nowMs) {
      refuseRevoked(agent);
      return sign(await readGrant(place("agents", agent)), request, nowMs);
    },
    async revoke(agent) {
      checkId(agent);
      const waiting = await tokensOf(place("tokens"), agent);
      if (!isThere(place("agents", agent)) && waiting.length === 0 && !isRevoked(agent))
        throw new SalvoError("not-found", `no agent ${agent} has ever joined, and no token waits for it`, {
          remedy: "Check the id: ids that have joined are the names of files in ca/agents beside the lab file",
        });
      await replaceFile(place("revoked", agent), "");
      await dropTokens(place("tokens"), waiting);
    },
    async agents() {
      const names = (await readdir(place("agents"))).filter((name) => !name.endsWith(".new"));
      const known = names.filter((name) => !isRevoked(name));
      return mapAtOnce(known, FILES_AT_ONCE, (name) => readGrant(place("agents", name)));
    },
    issued: async (nowMs) => (await issued.inForce(nowMs)).filter(({ agent }) => !isRevoked(agent)),
    watch(onChange) {
      const watchers = WATCHED.map((name) => watch(place(name), () => onChange(name)));
      return { [Symbol.dispose]: () => watchers.forEach((each) => each.close()) };
    },
  };
}

/**
 * The time, as a folder that comes from a backup does not know all that there were; and one more than the last, as a clock may
 * be set back.
 */
function generationAfter(last: number, nowMs: number): number {
  return Math.max(last + 1, Math.floor(nowMs / 1_000));
}

/** It becomes the name of a file. */
function checkId(agent: string): void {
  if (isName(agent)) return;
  throw new SalvoError("invalid-input", `${JSON.stringify(agent)} cannot be the id of an agent`, {
    remedy: "Use at most 63 lower-case letters, digits and hyphens",
  });
}

function dnsName({ subjectAltName = "" }: { readonly subjectAltName?: string | undefined }): string | undefined {
  return /(?:^|, )DNS:([^,\s"]+)/.exec(subjectAltName)?.[1];
}

/** What an agent may be, from the file that bears its id. */
async function readGrant(file: string): Promise<Grant> {
  try {
    const grant: unknown = JSON.parse(await readFile(file, "utf8"));
    if (isGrant(grant) && grant.agent === basename(file)) return grant;
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    throw ungranted(file, kind === "not-found" ? "no such agent was ever enrolled" : message);
  }
  throw ungranted(file, "this does not say what the agent may be");
}

function ungranted(file: string, message: string): SalvoError {
  return new SalvoError("refused", message, { file, remedy: "Make it a token with: salvo token create" });
}

async function readPart(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    throw new SalvoError(kind, kind === "not-found" ? "the lab has no certificate authority here" : message, {
      file,
      remedy: INIT,
      cause: error,
    });
  }
}

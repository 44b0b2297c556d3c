import { join } from "node:path";
import { natsUser } from "@salvo/shared/identity/name.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { least } from "@salvo/shared/kernel/extremes.ts";
import { atWallTime } from "@salvo/shared/kernel/wall-timer.ts";

/** Each start makes a new one. */
const SERVER_LIFE_MS = 30 * 24 * 60 * 60 * 1000;
const HANDSHAKE_S = 5;

export interface NatsSecurity {
  /** The tls and authorization blocks, as they are to be now. */
  text(): Promise<string>;
  /** Calls back when they are to be others, also because a certificate that the last text let in has expired. */
  watch(onChange: () => void): Disposable;
}

/**
 * The part of nats-server's configuration that says who may do what: everybody proves himself with a certificate of the
 * lab, one of its DNS names is the user. An agent's user, one for each certificate that is in force, may say what that agent
 * has to say and read the answers to it; a reader's may read what all agents say.
 */
export async function natsSecurity(folder: string, lab: LabFolder, hosts: readonly string[]): Promise<NatsSecurity> {
  const files = await writeServerFiles(folder, lab, hosts);
  let tell = () => {};
  let expiry: Disposable | undefined;
  return {
    async text() {
      const issued = await lab.issued(Date.now());
      expiry?.[Symbol.dispose]();
      expiry = atWallTime(least(issued.map(({ expiresMs }) => expiresMs)), () => tell());
      return tlsBlock(files, "verify_and_map") + (await usersBlock(lab, issued));
    },
    watch(onChange) {
      tell = onChange;
      const watching = lab.watch(onChange);
      return {
        [Symbol.dispose]() {
          tell = () => {};
          expiry?.[Symbol.dispose]();
          watching[Symbol.dispose]();
        },
      };
    },
  };
}

/** A new certificate for the server, and what it trusts. */
export async function writeServerFiles(folder: string, lab: LabFolder, hosts: readonly string[]): Promise<TlsFiles> {
  const files = {
    ca: join(folder, "ca.pem"),
    certificate: join(folder, "server.pem"),
    key: join(folder, "server.key"),
  };
  const own = await lab.authority.issue({
    identity: { kind: "nats", lab: lab.lab },
    lifeMs: SERVER_LIFE_MS,
    nowMs: Date.now(),
    hosts: [...new Set(["localhost", "127.0.0.1", ...hosts])],
  });
  await replaceFile(files.ca, own.ca);
  await replaceFile(files.certificate, own.certificate);
  await replaceFile(files.key, own.key);
  return files;
}

export interface TlsFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** `verify_and_map`: the peer's certificate says which user it is; `verify`: it has one of that CA. */
export function tlsBlock({ ca, certificate, key }: TlsFiles, peers: "verify_and_map" | "verify"): string {
  return `tls {
  cert_file: ${JSON.stringify(certificate)}
  key_file: ${JSON.stringify(key)}
  ca_file: ${JSON.stringify(ca)}
  ${peers}: true
  timeout: ${HANDSHAKE_S}
}
`;
}

/** By the names that all certificates of an agent have: for servers that do not learn of each renewal. */
export async function usualUsers(lab: LabFolder): Promise<AgentUser[]> {
  const agents = await lab.agents();
  return agents.map(({ agent }) => ({ agent, user: natsUser({ kind: "agent", lab: lab.lab, id: agent, roles: [] }) }));
}

export interface AgentUser {
  readonly agent: string;
  readonly user: string;
}

/** The controller, these agents, and readers who were not revoked. */
export async function usersBlock(lab: LabFolder, agents: readonly AgentUser[]): Promise<string> {
  const users = agents.map((each) => agentUser(lab.lab, each));
  const readers = (await lab.readers()).map((reader) => readerUser(lab.lab, reader));
  const controller = `{ user: ${JSON.stringify(lab.controllerUser)} }`;
  return `authorization {
  users: [
    ${[controller, ...users, ...readers].join("\n    ")}
  ]
}
`;
}

/** Nothing of $JS.API: JetStream's answer to a publish comes to the publisher's own inbox, and that is all it needs. */
function agentUser(lab: string, { agent, user }: AgentUser): string {
  const publish = [`salvo.${lab}.run.*.*.${agent}`, `salvo.${lab}.agent.${agent}.presence`];
  const subscribe = [`_INBOX_agent-${agent}.>`];
  return `{ user: ${JSON.stringify(user)}, permissions: { publish: { allow: ${JSON.stringify(publish)} }, subscribe: { allow: ${JSON.stringify(subscribe)} } } }`;
}

/**
 * The subjects themselves, and nothing of JetStream: who may make a consumer may have the server deliver to any subject,
 * an agent's inbox among them.
 */
function readerUser(lab: string, reader: string): string {
  const user = natsUser({ kind: "reader", lab, id: reader });
  const subscribe = [`salvo.${lab}.>`];
  return `{ user: ${JSON.stringify(user)}, permissions: { publish: { deny: ">" }, subscribe: { allow: ${JSON.stringify(subscribe)} } } }`;
}

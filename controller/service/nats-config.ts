import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isIP } from "node:net";
import { anyHostLike, formatAddress, isLoopback } from "@salvo/shared/kernel/address.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { NatsSecurity } from "./nats-security.ts";

/** What `startNatsServer` is told about who may come, and from where. */
export interface NatsAccess {
  /** Where agents reach this host: unless that is loopback, the server listens on all of its addresses. */
  readonly host: string;
  /** Without it the server takes anybody, and only on loopback. */
  readonly security: NatsSecurity | undefined;
}

/** Of one connection. An agent has one, the controller a handful for each run that is read. */
export const SUBSCRIPTIONS_MAX = 1_000;

/**
 * A subject and the subject for its answer are in one line; those of the controller's requests to JetStream have 600 bytes at most. The
 * server keeps each subject in memory for as long as the stream has a message of it.
 */
export const CONTROL_LINE_BYTES_MAX = 1024;

export const LOOPBACK = "127.0.0.1";

/** Where programs of this host itself reach the server: where it listens, or one of all the addresses. */
export function ownHost({ host }: Pick<NatsAccess, "host">): string {
  return isLoopback({ host }) && isIP(host) !== 0 ? host : LOOPBACK;
}

export function listenHost({ host, security }: NatsAccess): string {
  return !security || isLoopback({ host }) ? ownHost({ host }) : anyHostLike(host);
}

export interface NatsConfig {
  readonly dataDir: string;
  readonly port: number;
  readonly name: string;
  readonly access: NatsAccess;
}

export async function natsConfig({ dataDir, port, name, access }: NatsConfig): Promise<string> {
  return `# Written by Salvo at every start: changes are lost.
server_name: ${JSON.stringify(name)}
listen: ${JSON.stringify(formatAddress({ host: listenHost(access), port }))}
max_payload: 1048576
max_control_line: ${CONTROL_LINE_BYTES_MAX}
max_connections: 4096
max_subscriptions: ${SUBSCRIPTIONS_MAX}
jetstream {
  store_dir: ${JSON.stringify(join(dataDir, "nats"))}
  max_memory_store: 67108864
  max_file_store: 4294967296
}
${(await access.security?.text()) ?? ""}`;
}

/** Gives the file's path. */
export async function writeNatsConfig(dataDir: string, text: string): Promise<string> {
  const file = join(dataDir, "nats-server.conf");
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await replaceFile(file, text); // whole at any time: a server may be reading it
  } catch (caught) {
    const { kind, message } = toSalvoError(caught);
    throw new SalvoError(kind === "internal" ? "refused" : kind, `nats-server cannot keep its data: ${message}`, {
      file: dataDir,
      cause: caught,
      remedy: "Make the folder writable, or name another",
    });
  }
  return file;
}

/**
 * The files for nats-servers that the controller does not start itself: one folder for each, with all that it needs. Writing
 * them again brings users and certificates up to date; a server takes them over when it reloads.
 */
import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { type Address, anyHostLike, formatAddress } from "@salvo/shared/kernel/address.ts";
import { createAuthority, openAuthority } from "@salvo/shared/identity/authority.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { readCertificate } from "@salvo/shared/identity/pem.ts";
import { least } from "@salvo/shared/kernel/extremes.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SUBSCRIPTIONS_MAX } from "./nats-config.ts";
import { tlsBlock, usersBlock, usualUsers } from "./nats-security.ts";

const LIFE_MS = 365 * 24 * 60 * 60 * 1000;
/** Servers speak to each other on the client port and this. */
const ROUTE_PORT_OFFSET = 2_000;

export interface NatsFilesOptions {
  readonly lab: LabFolder;
  /** Gets a folder for each server. */
  readonly out: string;
  /** Where clients and the other servers reach each of them; more than one make a cluster. */
  readonly servers: readonly Address[];
  /** Where each server finds its own folder on its host. */
  readonly place: string;
  readonly nowMs: number;
}

export interface NatsFiles {
  readonly server: string;
  readonly folder: string;
}

export async function writeNatsFiles({ lab, out, servers, place, nowMs }: NatsFilesOptions): Promise<NatsFiles[]> {
  const users = await usersBlock(lab, await usualUsers(lab));
  // A CA of the routes' own, whose key is forgotten at once: no certificate of an agent makes a member of the cluster.
  const needed = servers.length > 1 && !(await routesStand(out, servers, nowMs));
  const routes = needed ? await openAuthority(await createAuthority(`${lab.lab} routes`, nowMs)) : undefined;
  const issue = { identity: { kind: "nats", lab: lab.lab }, lifeMs: LIFE_MS, nowMs } as const;
  return Promise.all(
    servers.map(async (server) => {
      const name = nameOf(server);
      const folder = join(out, name);
      const hosts = [server.host];
      const own = await lab.authority.issue({ ...issue, hosts });
      await writeCredential(folder, "server", own);
      if (routes) await writeCredential(folder, "route", await routes.issue({ ...issue, hosts, isPeer: true }));
      await replaceFile(join(folder, "users.conf"), users);
      await replaceFile(join(folder, "nats-server.conf"), serverConfig({ lab: lab.lab, server, servers, place }));
      return { server: name, folder };
    }),
  );
}

async function writeCredential(folder: string, name: string, own: { ca: string; certificate: string; key: string }) {
  await replaceFile(join(folder, `${name}-ca.pem`), own.ca);
  await replaceFile(join(folder, `${name}.pem`), own.certificate);
  await replaceFile(join(folder, `${name}.key`), own.key);
}

/** Whether all servers have certificates of one CA for each other, and for a good while yet. */
async function routesStand(out: string, servers: readonly Address[], nowMs: number): Promise<boolean> {
  try {
    const folders = servers.map((server) => join(out, nameOf(server)));
    const cas = await Promise.all(folders.map((folder) => readFile(join(folder, "route-ca.pem"), "utf8")));
    const own = await Promise.all(folders.map((folder) => readFile(join(folder, "route.pem"), "utf8")));
    const untilMs = own.map((certificate) => Date.parse(readCertificate(certificate).validTo));
    return new Set(cas).size === 1 && least(untilMs) - nowMs > LIFE_MS / 3;
  } catch (error) {
    const known = toSalvoError(error, { file: out });
    if (known.kind === "not-found") return false;
    throw known;
  }
}

interface ServerConfig {
  readonly lab: string;
  readonly server: Address;
  readonly servers: readonly Address[];
  readonly place: string;
}

function serverConfig({ lab, server, servers, place }: ServerConfig): string {
  const name = nameOf(server);
  const at = place.replaceAll("{server}", name);
  const any = anyHostLike(server.host);
  const route = { ...server, port: server.port + ROUTE_PORT_OFFSET };
  const files = (which: string) => ({
    ca: posix.join(at, `${which}-ca.pem`),
    certificate: posix.join(at, `${which}.pem`),
    key: posix.join(at, `${which}.key`),
  });
  const routes = servers.map(
    ({ host, port }) => `"nats-route://${formatAddress({ host, port: port + ROUTE_PORT_OFFSET })}"`,
  );
  const cluster = `cluster {
  name: ${JSON.stringify(`salvo-${lab}`)}
  listen: "${formatAddress({ host: any, port: route.port })}"
  cluster_advertise: "${formatAddress(route)}"
  routes: [ ${routes.join(", ")} ]
  ${tlsBlock(files("route"), "verify").trim().replaceAll("\n", "\n  ")}
}
`;
  return `# Written by salvo nats config for ${name}: written anew, changes are lost. Write and copy the folder again, and reload
# the server, whenever agents have joined or were revoked, and at least once a year.
server_name: ${JSON.stringify(name)}
listen: "${formatAddress({ host: any, port: server.port })}"
client_advertise: "${formatAddress(server)}"
max_payload: 1048576
max_connections: 4096
max_subscriptions: ${SUBSCRIPTIONS_MAX}
jetstream {
  store_dir: ${JSON.stringify(posix.join(at, "store"))}
  max_memory_store: 67108864
  max_file_store: 4294967296
}
${tlsBlock(files("server"), "verify_and_map")}include "users.conf"
${servers.length > 1 ? cluster : ""}`;
}

/** Good as the name of a folder. */
function nameOf({ host, port }: Address): string {
  return `${host.replaceAll(":", "-")}-${port}`;
}

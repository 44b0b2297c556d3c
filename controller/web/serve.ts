/** The console's HTTPS server. */
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import type { Address } from "@salvo/shared/kernel/address.ts";
import { formatAddress } from "@salvo/shared/kernel/address.ts";
import { cannotListen } from "@salvo/shared/kernel/cannot-listen.ts";
import { type ConsoleDeps, consoleRoutes } from "./routes.ts";

const CERTIFICATE_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

export interface ConsoleServer extends AsyncDisposable {
  /** https://127.0.0.1:8443 */
  readonly url: string;
}

/** Throws what listening throws, with the address. */
export async function serveConsole(
  address: Address,
  lab: Pick<LabFolder, "authority" | "lab">,
  deps: Omit<ConsoleDeps, "hosts" | "lab">,
): Promise<ConsoleServer> {
  const own = await lab.authority.issue({
    identity: { kind: "console", lab: lab.lab },
    lifeMs: CERTIFICATE_LIFE_MS,
    nowMs: deps.nowMs(),
    hosts: [...new Set(["localhost", "127.0.0.1", address.host])],
  });
  const hosts = new Set<string>();
  const listener = getRequestListener(consoleRoutes({ ...deps, hosts, lab: lab.lab }).fetch);
  const server = createServer({ cert: own.certificate, key: own.key, minVersion: "TLSv1.3" }, (request, response) => {
    void listener(request, response); // it answers its own errors
  });
  server.listen(address);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw cannotListen(formatAddress(address), cause);
  }
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  for (const host of ["localhost", "127.0.0.1", address.host]) hosts.add(formatAddress({ host, port }));
  return {
    url: `https://${formatAddress({ host: address.host, port })}`,
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections(); // pages that watch hold one for ever
  await closed;
}

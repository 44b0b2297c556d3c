/** The socket that a server listens on. It is ours and not gRPC's, which knows no bound on connections that prove nothing. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Address } from "@salvo/shared/kernel/address.ts";
import type { ServerTls } from "./credentials.ts";
import { createDoorway } from "./doorway.ts";
import { PROVEN_MAX, type StrangerLimits, UNPROVEN_MAX } from "./limits.ts";
import { createResidents } from "./residents.ts";

export interface Listener {
  /** The one that was really taken. */
  readonly port: number;
  /** Takes no more connections, and drops those that have not proven who they are. Resolves when none is left. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly address: Address;
  /** Without it nobody has to prove anything: on loopback, for tests. */
  readonly tls: ServerTls | undefined;
  /** Given where nobody has to prove who he is; without it every connection comes with a certificate. */
  readonly strangers: StrangerLimits | undefined;
  /** Gets each connection when its handshake is done. */
  readonly serve: (connection: Duplex) => void;
}

/** Throws what listening throws. */
export async function listen({ address: { host, port }, tls, strangers, serve }: ListenOptions): Promise<Listener> {
  const unproven = new Map<string, Socket>();
  const server = tls ? tlsServer(tls, { unproven, strangers, serve }) : createServer((socket) => serve(socket));
  server.listen({ host, port });
  await once(server, "listening");
  server.on("error", () => {}); // accepting failed: too many open files, say; it goes on with the next one
  const bound = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    port: bound.port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of unproven.values()) socket.destroy();
      await closed;
    },
  };
}

interface Door extends Pick<ListenOptions, "strangers" | "serve"> {
  readonly unproven: Map<string, Socket>;
}

function tlsServer(tls: ServerTls, { unproven, strangers, serve }: Door): Server {
  const doorway = createDoorway(strangers?.connectionsMax ?? UNPROVEN_MAX);
  const residents = createResidents(PROVEN_MAX);
  const server = createTlsServer({ ...tls.options, ALPNProtocols: ["h2"] });
  const leave = (key: string) => {
    doorway.leave(key);
    unproven.delete(key);
  };
  // Before Node's own listener, which makes a TLS socket of it.
  server.prependListener("connection", (socket: Socket) => {
    const key = keyOf(socket);
    const admission = doorway.enter(key, socket.remoteAddress ?? "");
    if (admission.type === "refused") return void socket.destroy();
    if (admission.type === "instead-of") {
      unproven.get(admission.key)?.destroy();
      unproven.delete(admission.key);
    }
    unproven.set(key, socket);
    const aged = strangers && setTimeout(() => socket.destroy(), strangers.ageMs).unref();
    socket.once("close", () => {
      clearTimeout(aged);
      leave(key);
    });
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => {}); // it closes, which gRPC sees
    if (socket.alpnProtocol !== "h2") return void socket.destroy();
    if (strangers) doorway.settle(keyOf(socket));
    else {
      leave(keyOf(socket));
      residents.enter(socket);
    }
    serve(socket);
  });
  server.on("tlsClientError", (_error, socket) => void socket.destroy());
  const following = tls.follow((material) => server.setSecureContext(material));
  server.once("close", () => following[Symbol.dispose]());
  return server;
}

/** Of a connection to one listener no two have the same at a time. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

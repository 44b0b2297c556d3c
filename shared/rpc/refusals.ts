/** Connections of peers whose calls are refused: a call that is refused costs the server as much as the peer, and the next one as well. */
import type { Duplex } from "node:stream";
import { Socket } from "node:net";

export interface Refusals {
  /** A connection whose calls are going to be served. */
  enter(connection: Duplex): void;
  /** A call was refused of the peer, as gRPC names it; the connection ends when that has happened too often. */
  refused(peer: string): void;
}

export function createRefusals(refusalsMax: number): Refusals {
  const connections = new Map<string, { readonly connection: Socket; refusals: number }>();
  return {
    enter(connection) {
      if (!(connection instanceof Socket)) return;
      const key = keyOf(connection);
      const entry = { connection, refusals: 0 };
      connections.set(key, entry);
      // The system may have given the same port to the next one by then.
      connection.once("close", () => void (connections.get(key) === entry && connections.delete(key)));
    },
    refused(peer) {
      const entry = connections.get(peer);
      if (entry && ++entry.refusals >= refusalsMax) entry.connection.destroy();
    },
  };
}

/** As ServerDuplexStream.getPeer() of grpc-js has it: server-interceptors.ts. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

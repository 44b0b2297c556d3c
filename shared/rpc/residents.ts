/** Connections that have proven who they are: so many of each identity, whoever holds its key. */
import type { TLSSocket } from "node:tls";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { createDoorway, type Doorway } from "./doorway.ts";

export interface Residents {
  /**
   * Lets it in until it closes. When its identity has `max` already, the oldest one of the host that has the most of them is ended:
   * a thief elsewhere who holds many drives out itself, and not the controller, which holds few.
   */
  enter(socket: TLSSocket): void;
}

export function createResidents(max: number): Residents {
  const rooms = new Map<string, { readonly doorway: Doorway; readonly sockets: Map<string, TLSSocket> }>();
  let number = 0;
  return {
    enter(socket) {
      const identity = identityOf(socket);
      const room = rooms.get(identity) ?? { doorway: createDoorway(max), sockets: new Map<string, TLSSocket>() };
      rooms.set(identity, room);
      const key = String(number++);
      const admission = room.doorway.enter(key, socket.remoteAddress ?? "");
      if (admission.type === "instead-of") room.sockets.get(admission.key)?.destroy();
      room.sockets.set(key, socket);
      socket.once("close", () => {
        room.doorway.leave(key);
        room.sockets.delete(key);
        if (room.sockets.size === 0 && rooms.get(identity) === room) rooms.delete(identity);
      });
    },
  };
}

/** Its one URI; a certificate without one is known by itself. It was renewed perhaps, and is the same identity then. */
function identityOf(socket: TLSSocket): string {
  const { subjectaltname, fingerprint256 } = socket.getPeerCertificate();
  return onlyUri(subjectaltname) ?? fingerprint256 ?? "";
}

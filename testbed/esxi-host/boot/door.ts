/** The port of a host: it stays the same over reboots, and a test can make it refuse, or lose what is connected. */
import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export interface Door extends AsyncDisposable {
  readonly port: number;
  /** Connections are refused: nothing listens. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** Every connection ends at once, as when the host's network is gone. */
  drop(): void;
}

/** Passes connections on to the port that `inner` names; they end at once while it names none. */
export async function openDoor(inner: () => number | undefined): Promise<Door> {
  const sockets = new Set<Socket>();
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((outside) => pass(outside, inner(), sockets));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  let server: Server | undefined = await listen(0);
  // A TCP server's own.
  const { port } = server.address() as AddressInfo;
  const drop = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    closing.close();
    drop();
    await once(closing, "close");
  };
  return {
    port,
    close,
    drop,
    async open() {
      server ??= await listen(port);
    },
    [Symbol.asyncDispose]: close,
  };
}

function pass(outside: Socket, port: number | undefined, sockets: Set<Socket>): void {
  if (port === undefined) return void outside.destroy();
  const inside = createConnection(port, "127.0.0.1");
  for (const [socket, other] of [
    [outside, inside],
    [inside, outside],
  ] as const) {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => other.destroy());
    socket.once("close", () => {
      sockets.delete(socket);
      // What the other side has not been sent yet still goes there.
      if (!other.destroyed) other.end();
    });
    socket.pipe(other);
  }
}

/** A cable to an agent that tests may cut and mend: one address for all of the agent's lives. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { requireAddress } from "@salvo/shared/kernel/address.ts";

export interface Cable extends AsyncDisposable {
  readonly address: string;
  /** Ends what goes through it and takes nothing new. Resolves when somebody has tried it since, in vain. */
  cut(): Promise<void>;
  mend(): void;
  /** As cut, and whoever tries is refused: nobody listens there. */
  remove(): Promise<void>;
  /** At the same address as before. */
  layAgain(): Promise<void>;
}

/** to: where the other end is now, host:port. */
export async function layCable(to: () => string): Promise<Cable> {
  const open = new Set<Socket>();
  let whole = true;
  let tried = Promise.withResolvers<void>();
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return tried.resolve();
    }
    const far = connect(requireAddress(to(), "a cable leads to"));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on("error", () => {}); // closes it, which is told to the other end below
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const cable: Cable = {
    address: `127.0.0.1:${port}`,
    cut() {
      whole = false;
      tried = Promise.withResolvers();
      for (const socket of open) socket.destroy();
      return tried.promise;
    },
    mend() {
      whole = true;
    },
    async remove() {
      const closed = once(server, "close");
      server.close();
      void cable.cut();
      await closed;
    },
    async layAgain() {
      whole = true;
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    async [Symbol.asyncDispose]() {
      void cable.cut();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
  return cable;
}

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Of loopback; for what is named in a file before anybody listens there. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server on a port has an address of this shape (node:net).
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

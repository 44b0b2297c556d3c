import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { refusesConnections } from "./refusal.ts";

test("an address refuses when nobody listens there, and not when somebody accepts, or accepts and closes", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await refusesConnections(address)).toBe(false);
  server.close();
  await once(server, "close");
  expect(await refusesConnections(address)).toBe(true);
});

test("what is no answer of the host is no refusal: a name that nobody has, and a question that is given up", async () => {
  expect(await refusesConnections("no-such-host.invalid:7400")).toBe(false);
  expect(await refusesConnections("127.0.0.1:1", { signal: AbortSignal.abort() })).toBe(false);
});

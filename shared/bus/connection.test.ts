import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import { SalvoError } from "../kernel/error.ts";
import { connectBus, type BusStatus } from "./connection.ts";
import { testServer } from "./testing-server.fixture.ts";

test("a client may start before its server, and connects when that comes", async () => {
  await using server = await testServer();
  const refused = Promise.withResolvers<BusStatus>();
  const connecting = connectBus({ url: server.url, name: "guest1", onStatus: refused.resolve });
  expect(await refused.promise).toMatchObject({ type: "disconnected", reason: expect.stringContaining("refused") });

  await server.start();
  await using bus = await connecting;
  expect(bus.connected).toBe(true);
  expect(bus.server).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/), maxPayloadBytes: 1024 ** 2 });
});

test("the wait for a server that never comes ends with the signal's reason", async () => {
  await using server = await testServer();
  const stop = new AbortController();
  const reason = new SalvoError("cancelled", "the run is over");
  const connecting = connectBus({
    url: server.url,
    name: "guest1",
    signal: stop.signal,
    onStatus: () => stop.abort(reason),
  });
  await expect(connecting).rejects.toBe(reason);
});

test("a server that takes the connection and says nothing does not hold up who stops waiting", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const mute = createServer(accepted.resolve).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const { port } = mute.address() as AddressInfo;
  const stop = new AbortController();
  const began = performance.now();
  const connecting = connectBus({ url: `nats://127.0.0.1:${port}`, name: "guest1", signal: stop.signal });
  const socket = await accepted.promise;
  stop.abort();
  await expect(connecting).rejects.toMatchObject({ kind: "cancelled" });
  expect(performance.now() - began).toBeLessThan(1_000); // the dial's own time-out is 2 s
  socket.destroy();
  mute.close();
});

test("a lost server is told, waited for and found again", async () => {
  await using server = await testServer();
  await server.start();
  const statuses: string[] = [];
  const lost = Promise.withResolvers<void>();
  await using bus = await connectBus({
    url: server.url,
    name: "guest1",
    onStatus: ({ type }) => {
      statuses.push(type);
      if (type === "disconnected") lost.resolve();
    },
  });
  await server.kill();
  await lost.promise;
  expect(bus.connected).toBe(false);
  expect(bus.server).toBeUndefined();

  const back = bus.untilConnected();
  let dials = 0;
  for await (const { type } of bus.connection.status()) if (type === "reconnecting" && ++dials === 2) break;
  await server.start();
  await back;
  expect(statuses).toEqual(["connected", "disconnected", "connected"]);
});

test("closing a bus whose server has gone ends all waits and does not hang", async () => {
  await using server = await testServer();
  await server.start();
  const lost = Promise.withResolvers<void>();
  const bus = await connectBus({
    url: server.url,
    name: "guest1",
    onStatus: ({ type }) => type === "disconnected" && lost.resolve(),
  });
  await server.kill();
  await lost.promise;
  const waiting = expect(bus.untilConnected()).rejects.toMatchObject({ kind: "cancelled" });
  await bus[Symbol.asyncDispose]();
  await waiting;
});

test.each(["localhost:4222", "http://host:1", "", "nats://"])("the address %j is refused", async (url) => {
  await expect(connectBus({ url, name: "guest1" })).rejects.toMatchObject({ kind: "invalid-input" });
});

test("a name that would make an inbox of somebody else's is refused", async () => {
  await expect(connectBus({ url: "nats://127.0.0.1:4222", name: "guest1.>" })).rejects.toThrow("guest1.>");
});

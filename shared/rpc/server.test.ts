import { createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { openChannel } from "./channel.ts";
import { createClient } from "./client.ts";
import { insecure } from "./credentials.ts";
import { Echo, startEcho, texts } from "./echo.fixture.ts";
import { serve } from "./server.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;
const empty = { services: [], onBug: () => {} };

test("stopping lets a call that ends in time end well, and takes no more", async () => {
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await using world = await startEcho(
    {
      async one() {
        begun.resolve();
        await finish.promise;
        return { value: "done" };
      },
    },
    { graceMs: 4000 },
  );
  const call = world.client.one({}, { deadlineMs });
  await begun.promise;
  const stopped = world.server[Symbol.asyncDispose]();
  using late = openChannel(world.server.address);
  await expect(createClient(Echo, late).one({}, { deadlineMs })).rejects.toMatchObject({ kind: "unavailable" });
  finish.resolve();
  expect((await call).value).toBe("done");
  await stopped;
});

test("stopping ends what goes on after the grace with unavailable, on both sides", async () => {
  const reasons: unknown[] = [];
  const begun = Promise.withResolvers<void>();
  await using world = await startEcho({
    async *each(_request, { signal }) {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      begun.resolve();
      await new Promise(() => {}); // A handler that does not listen holds nothing up.
      yield {};
    },
  });
  const call = texts(world.client.each({}));
  await begun.promise;
  const stopped = world.server[Symbol.asyncDispose]();
  await expect(call).rejects.toMatchObject({
    kind: "unavailable",
    message: "the server is stopping",
    host: world.server.address,
  });
  expect(reasons).toMatchObject([{ kind: "unavailable" }]);
  await stopped;
});

test("stopping breaks off a call whose caller does not read, and says unavailable", async () => {
  const full = Promise.withResolvers<void>();
  await using world = await startEcho({
    async *each() {
      for (let sent = 1; sent < 200; sent++) {
        if (sent === 20) full.resolve();
        yield { value: "x".repeat(100_000) };
      }
    },
  });
  const stream = world.client.each({});
  await stream.next();
  await full.promise;
  await world.server[Symbol.asyncDispose]();
  await expect(texts(stream)).rejects.toMatchObject({ kind: "unavailable" });
});

test("a signal stops the server as disposing of it does", async () => {
  const stop = new AbortController();
  await using world = await startEcho({}, { signal: stop.signal });
  await world.client.one({}, { deadlineMs });
  stop.abort();
  await vi.waitFor(() => expect(world.client.one({}, { deadlineMs })).rejects.toMatchObject({ kind: "unavailable" }));
  await expect(startEcho({}, { signal: stop.signal })).rejects.toMatchObject({ kind: "cancelled" });
});

test("nobody listening is unavailable, and says where and what to do", async () => {
  const world = await startEcho();
  await world.server[Symbol.asyncDispose]();
  await expect(world.client.one({}, { deadlineMs })).rejects.toMatchObject({
    kind: "unavailable",
    host: world.server.address,
    message: `salvo.test.Echo/One was not completed: connect ECONNREFUSED ${world.server.address}`,
    remedy: expect.stringContaining(world.server.address),
  });
  world.channel[Symbol.dispose]();
});

test("a peer that accepts and says nothing is a timeout", async () => {
  const accepted: Socket[] = [];
  const silent = createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo; // A TCP server that listens has one.
  using channel = openChannel(`127.0.0.1:${port}`);
  await expect(createClient(Echo, channel).one({}, { deadlineMs: 100 })).rejects.toMatchObject({ kind: "timeout" });
  expect(accepted).toHaveLength(1);
  for (const socket of accepted) socket.destroy();
  silent.close();
});

test("a client finds its peer again after the peer was started anew", async () => {
  const first = await startEcho();
  await first.client.one({}, { deadlineMs });
  await first.server[Symbol.asyncDispose]();
  await using second = await startEcho({}, { address: first.server.address });
  await vi.waitFor(() => first.client.one({}, { deadlineMs }), { timeout: 3000, interval: 20 });
  first.channel[Symbol.dispose]();
  expect(second.bugs).toEqual([]);
});

test("a service or method that the peer does not have is refused", async () => {
  await using world = await startEcho();
  const agent = createClient(AgentService, world.channel);
  await expect(agent.describe({}, { deadlineMs })).rejects.toMatchObject({
    kind: "refused",
    message: "salvo.v1.AgentService/Describe is not offered there",
    host: world.server.address,
  });
  await expect(agent.watch({ run: "r" }).next()).rejects.toMatchObject({ kind: "refused" });
});

test("a port that is taken is the wrong state, and an address that is none is wrong input", async () => {
  await using server = await serve({ address: "127.0.0.1:0", ...empty });
  const taken = await serve({ address: server.address, ...empty }).catch((error: unknown) => error);
  expect(taken).toBeInstanceOf(SalvoError);
  expect(taken).toMatchObject({ kind: "wrong-state", message: expect.stringContaining(server.address) });
  await expect(serve({ address: "nonsense", ...empty })).rejects.toMatchObject({ kind: "invalid-input" });
  const credentials = { ...insecure, secure: true };
  const elsewhere = serve({ address: "192.0.2.1:0", credentials, ...empty });
  await expect(elsewhere).rejects.toMatchObject({ kind: "invalid-input" });
});

test.each(["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.0.0.1.evil.example:0"])(
  "plain text is served on loopback alone, not on %s",
  async (address) => {
    await expect(serve({ address, ...empty })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("can be reached by others"),
    });
  },
);

test("a proxy in the environment is not asked", async () => {
  vi.stubEnv("http_proxy", "http://127.0.0.1:9");
  await using world = await startEcho();
  expect((await world.client.one({ value: "direct" }, { deadlineMs })).value).toBe("one direct");
  vi.unstubAllEnvs();
});

test("it listens on IPv6 too", async () => {
  await using world = await startEcho({}, { address: "[::1]:0" });
  expect(world.server.address).toMatch(/^\[::1\]:\d+$/);
  expect((await world.client.one({ value: "six" }, { deadlineMs })).value).toBe("one six");
  await expect(serve({ address: "::1:7400", ...empty })).rejects.toMatchObject({
    kind: "invalid-input",
    remedy: "Write [::1]:7400",
  });
});

test("a caller's address is written as addresses are, also when it came by IPv6", async () => {
  const peers: string[] = [];
  await using world = await startEcho(
    {
      async one(_request, { peer }) {
        peers.push(peer.address);
        return {};
      },
    },
    { address: "[::1]:0" },
  );
  await world.client.one({}, { deadlineMs });
  expect(peers).toEqual([expect.stringMatching(/^\[::1\]:\d+$/)]);
});

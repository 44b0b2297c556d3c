import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { openChannel } from "./channel.ts";
import { createClient } from "./client.ts";
import { Echo, startEcho, texts } from "./echo.fixture.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;

/** A wire between client and server that can be cut. */
async function startWire(to: string) {
  const ends: Socket[] = [];
  const wire = createServer((near) => {
    const far = connect(Number(to.split(":")[1]), "127.0.0.1");
    for (const end of [near, far]) ends.push(end.on("error", () => {}));
    near.pipe(far).pipe(near);
  });
  wire.listen(0, "127.0.0.1");
  await once(wire, "listening");
  const { port } = wire.address() as AddressInfo; // A TCP server that listens has one.
  return {
    address: `127.0.0.1:${port}`,
    cut: () => ends.splice(0).forEach((end) => end.destroy()),
    [Symbol.dispose]() {
      this.cut();
      wire.close();
    },
  };
}

test("a lost connection is unavailable to the caller and cancelled to the handler, whatever the kind of call", async () => {
  const begun: (() => void)[] = [];
  const reasons: unknown[] = [];
  await using world = await startEcho({
    async many(requests, { signal }) {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      begun.forEach((tell) => tell());
      return { value: (await texts(requests)).join() };
    },
    async *each(_request, { signal }) {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      begun.forEach((tell) => tell());
      await once(signal, "abort");
      yield {};
    },
  });
  using wire = await startWire(world.server.address);
  using channel = openChannel(wire.address);
  const client = createClient(Echo, channel);
  async function* unfinished() {
    yield { value: "half" };
    await new Promise(() => {});
  }
  begun.push(wire.cut);
  const lost = { kind: "unavailable", host: wire.address };
  await expect(client.many(unfinished(), { deadlineMs })).rejects.toMatchObject(lost);
  await vi.waitFor(() => expect(texts(client.each({}, { deadlineMs }))).rejects.toMatchObject(lost));
  await vi.waitUntil(() => reasons.length === 2, { interval: 5 });
  expect(reasons).toMatchObject([{ kind: "cancelled" }, { kind: "cancelled" }]);
  expect(world.bugs).toEqual([]);
});

test("a channel connects again by itself", async () => {
  await using world = await startEcho();
  using wire = await startWire(world.server.address);
  using channel = openChannel(wire.address);
  const client = createClient(Echo, channel);
  await client.one({}, { deadlineMs });
  wire.cut();
  const answer = await vi.waitFor(() => client.one({ value: "again" }, { deadlineMs }), { interval: 20 });
  expect(answer.value).toBe("one again");
});

test("an upload that its caller breaks off never looks complete to its handler", async () => {
  const begun = Promise.withResolvers<void>();
  const outcome = Promise.withResolvers<unknown>();
  await using world = await startEcho({
    async many(requests) {
      begun.resolve();
      await texts(requests).then(outcome.resolve, outcome.resolve);
      return {};
    },
  });
  const stop = new AbortController();
  async function* unfinished() {
    yield { value: "half" };
    await begun.promise;
    stop.abort();
    await new Promise(() => {});
  }
  const upload = world.client.many(unfinished(), { deadlineMs, signal: stop.signal });
  await expect(upload).rejects.toMatchObject({ kind: "cancelled" });
  expect(await outcome.promise).toMatchObject({ kind: "cancelled" });
});

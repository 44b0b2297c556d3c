import { expect, test, vi } from "vitest";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { openChannel } from "./channel.ts";
import { createClient } from "./client.ts";
import { Echo, startEcho, texts, type EchoImpl } from "./echo.fixture.ts";
import { serve } from "./server.ts";
import { implement } from "./service.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;

const agent = {
  describe: async () => ({ agent: { id: "guest1", gateLeadNs: 12n } }),
  async *watch({ run }: { run: string }) {
    yield { status: { run, tick: 1 } };
    yield { status: { run, tick: 2 } };
  },
  async *probeClock(pings: AsyncIterable<{ sentNs: bigint }>) {
    for await (const { sentNs } of pings) yield { sentNs, receivedNs: sentNs + 1n };
  },
  arm: async () => ({}),
  fire: async () => ({}),
  abort: async () => ({}),
  async *collect() {},
  release: async () => ({}),
};

test("a generated service is served and called with its own types, whatever the kind of call", async () => {
  const services = [implement(AgentService, agent)];
  await using server = await serve({ address: "127.0.0.1:0", services, onBug: () => {} });
  using channel = openChannel(server.address);
  const client = createClient(AgentService, channel);

  expect((await client.describe({}, { deadlineMs })).agent).toMatchObject({ id: "guest1", gateLeadNs: 12n });
  const ticks: number[] = [];
  for await (const { status } of client.watch({ run: "r" }, { deadlineMs })) ticks.push(status?.tick ?? 0);
  expect(ticks).toEqual([1, 2]);
  const stamps: bigint[] = [];
  const pings = client.probeClock([{ sentNs: 10n }, { sentNs: 20n }], { deadlineMs });
  for await (const { receivedNs } of pings) stamps.push(receivedNs);
  expect(stamps).toEqual([11n, 21n]);
});

test("all four kinds of call carry their messages in order", async () => {
  await using world = await startEcho();
  const { client } = world;
  expect((await client.one({ value: "a" }, { deadlineMs })).value).toBe("one a");
  expect((await client.many([{ value: "a" }, { value: "b" }], { deadlineMs })).value).toBe("a+b");
  expect(await texts(client.each({ value: "a b c" }, { deadlineMs }))).toEqual(["a", "b", "c"]);
  expect(await texts(client.talk([{ value: "a" }, { value: "b" }], { deadlineMs }))).toEqual(["re: a", "re: b"]);
});

test("streams may be empty in either direction", async () => {
  await using world = await startEcho({ async *each() {} });
  expect((await world.client.many([], { deadlineMs })).value).toBe("");
  expect(await texts(world.client.each({}, { deadlineMs }))).toEqual([]);
  expect(await texts(world.client.talk([], { deadlineMs }))).toEqual([]);
});

// Node 26 drops the end of such a call when the stream's own iterator is used.
test("a conversation goes on after its requests have ended", async () => {
  await using world = await startEcho({
    async *talk(requests) {
      const seen = await texts(requests);
      yield { value: "all heard" };
      yield* seen.map((value) => ({ value }));
    },
  });
  const said = await texts(world.client.talk([{ value: "a" }, { value: "b" }], { deadlineMs }));
  expect(said).toEqual(["all heard", "a", "b"]);
});

test("a conversation whose responses end first ends the requests too", async () => {
  await using world = await startEcho({
    async *talk(requests) {
      for await (const { value } of requests) {
        yield { value };
        return;
      }
    },
  });
  const released = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (let sent = 0; sent < 20_000; sent++) yield { value: "more" };
    } finally {
      released.resolve();
    }
  }
  expect(await texts(world.client.talk(endless(), { deadlineMs }))).toEqual(["more"]);
  await released.promise;
});

test("an upload may be answered before it has ended", async () => {
  await using world = await startEcho({ many: async () => ({ value: "enough" }) });
  async function* waiting() {
    yield { value: "a" };
    await new Promise(() => {});
  }
  expect((await world.client.many(waiting(), { deadlineMs })).value).toBe("enough");
});

test("the handlers know who calls and keep their this", async () => {
  const impl = {
    greeting: "hello",
    async one(this: void | { greeting: string }, _request: unknown, { peer }: { peer: { address: string } }) {
      return { value: `${this?.greeting} ${peer.address}` };
    },
  };
  await using world = await startEcho(impl);
  expect((await world.client.one({}, { deadlineMs })).value).toMatch(/^hello 127\.0\.0\.1:\d+$/);
});

test("every request message passes the validation of its server", async () => {
  await using world = await startEcho(
    {},
    {
      validate(desc, message) {
        if ("value" in message && message.value === "bad")
          throw new SalvoError("invalid-input", `bad ${desc.typeName}`);
      },
    },
  );
  const refusal = { kind: "invalid-input", message: "bad google.protobuf.StringValue" };
  const bad = [{ value: "good" }, { value: "bad" }];
  await expect(world.client.one({ value: "bad" }, { deadlineMs })).rejects.toMatchObject(refusal);
  await expect(world.client.many(bad, { deadlineMs })).rejects.toMatchObject(refusal);
  await expect(texts(world.client.talk(bad, { deadlineMs }))).rejects.toMatchObject(refusal);
  expect(world.bugs).toEqual([]);
});

test("implementing a service without one of its handlers is a bug", () => {
  expect(() => implement(Echo, {} as EchoImpl)).toThrow("bug: salvo.test.Echo has no handler for One");
});

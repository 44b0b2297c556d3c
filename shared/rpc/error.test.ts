import { expect, test, vi } from "vitest";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { startEcho, texts } from "./echo.fixture.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;

const full = () => new SalvoError("out-of-resources", "disk full", { host: "guest1", remedy: "Free 3 GiB" });
const fullFacts = {
  name: "SalvoError",
  kind: "out-of-resources",
  message: "disk full",
  host: "guest1",
  remedy: "Free 3 GiB",
};

/** One call of every kind; those that stream say something and are heard before they go on. */
type World = Awaited<ReturnType<typeof startEcho>>;
const callsOfAllKinds: Record<string, (world: World) => Promise<unknown>> = {
  one: ({ client }) => client.one({}, { deadlineMs }),
  many: ({ client }) => client.many([{}], { deadlineMs }),
  each: ({ client }) => texts(client.each({}, { deadlineMs })),
  talk: ({ client }) => texts(client.talk([{}], { deadlineMs })),
};

test.each(Object.entries(callsOfAllKinds))(
  "%s: what a handler throws before its first message is thrown to its caller",
  async (_kind, call) => {
    const fail = async (): Promise<never> => {
      throw full();
    };
    await using world = await startEcho({
      one: fail,
      many: fail,
      async *each() {
        yield await fail();
      },
      async *talk() {
        yield await fail();
      },
    });
    await expect(call(world)).rejects.toMatchObject(fullFacts);
    expect(world.bugs).toEqual([]);
  },
);

test.each(Object.entries(callsOfAllKinds))(
  "%s: a handler that throws at once, and not in a promise, is answered for too",
  async (_kind, call) => {
    const fail = () => {
      throw full();
    };
    await using world = await startEcho({ one: fail, many: fail, each: fail, talk: fail });
    await expect(call(world)).rejects.toMatchObject(fullFacts);
  },
);

test("an upload that fails in the middle fails for its sender, whose requests are ended", async () => {
  await using world = await startEcho({
    async many(requests) {
      let count = 0;
      for await (const { value } of requests) {
        count += value.length;
        if (count === 3) throw full();
      }
      return { value: "never" };
    },
  });
  const released = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (let sent = 0; sent < 20_000; sent++) yield { value: "x" };
    } finally {
      released.resolve();
    }
  }
  await expect(world.client.many(endless(), { deadlineMs })).rejects.toMatchObject(fullFacts);
  await released.promise;
});

test("a stream that fails in the middle fails for its reader after what was read", async () => {
  const heard = Promise.withResolvers<void>();
  await using world = await startEcho({
    async *each() {
      yield { value: "a" };
      await heard.promise;
      throw full();
    },
  });
  const stream = world.client.each({}, { deadlineMs });
  expect((await stream.next()).value?.value).toBe("a");
  heard.resolve();
  await expect(stream.next()).rejects.toMatchObject(fullFacts);
});

test("a conversation that fails in the middle fails for its caller after what was heard", async () => {
  await using world = await startEcho({
    async *talk(requests) {
      for await (const { value } of requests) {
        if (value === "b") throw full();
        yield { value };
      }
    },
  });
  const heard = Promise.withResolvers<void>();
  async function* words() {
    yield { value: "a" };
    await heard.promise;
    yield { value: "b" };
  }
  const stream = world.client.talk(words(), { deadlineMs });
  expect((await stream.next()).value?.value).toBe("a");
  heard.resolve();
  await expect(stream.next()).rejects.toMatchObject(fullFacts);
});

test("the end of a call ends its requests at once, and wins over a signal that aborts later", async () => {
  const heard = Promise.withResolvers<void>();
  await using world = await startEcho({
    async *talk() {
      yield { value: "a" };
      await heard.promise;
      throw full();
    },
  });
  const ended = Promise.withResolvers<void>();
  const requests = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      async return(): Promise<never> {
        ended.resolve();
        throw new SalvoError("cancelled", "no news to anybody");
      },
    }),
  };
  const stop = new AbortController();
  const stream = world.client.talk(requests, { deadlineMs, signal: stop.signal });
  await stream.next();
  heard.resolve();
  await ended.promise;
  stop.abort();
  await expect(stream.next()).rejects.toMatchObject(fullFacts);
});

test("what the requests throw is what the call throws, and the handler sees it cancelled", async () => {
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  await using world = await startEcho({
    async many(requests) {
      begun.resolve();
      await texts(requests).catch(cancelled.resolve);
      return {};
    },
  });
  const broken = new Error("journal broken");
  async function* words() {
    yield { value: "a" };
    await begun.promise;
    throw broken;
  }
  await expect(world.client.many(words(), { deadlineMs })).rejects.toBe(broken);
  expect(await cancelled.promise).toMatchObject({ kind: "cancelled" });
});

test.each(Object.entries(callsOfAllKinds))(
  "%s: a bug is told to the server, and to the caller without its stack",
  async (kind, call) => {
    const bug = new TypeError("undefined is not a device");
    const fail = async (): Promise<never> => {
      throw bug;
    };
    await using world = await startEcho({
      one: fail,
      many: fail,
      async *each() {
        yield await fail();
      },
      async *talk() {
        yield await fail();
      },
    });
    const method = `salvo.test.Echo/${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    const error = await call(world).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      kind: "internal",
      message: `${method} failed because of a bug in Salvo: undefined is not a device`,
      host: world.server.address,
    });
    expect(JSON.stringify(error)).not.toContain("error.test.ts:");
    expect(world.bugs).toEqual([{ error: bug, method }]);
  },
);

test("an error of the system is weather: its kind reaches the caller, and it is no bug", async () => {
  await using world = await startEcho({
    async one() {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    },
  });
  await expect(world.client.one({}, { deadlineMs })).rejects.toMatchObject({ kind: "out-of-resources" });
  expect(world.bugs).toEqual([]);
});

test("a response that cannot be encoded is a bug", async () => {
  const value = {
    toString() {
      throw new TypeError("no text");
    },
  };
  // What the types would have refused.
  await using world = await startEcho({ one: async () => ({ value: value as unknown as string }) });
  await expect(world.client.one({}, { deadlineMs })).rejects.toMatchObject({ kind: "internal" });
  expect(world.bugs).toHaveLength(1);
});

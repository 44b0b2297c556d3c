import { expect, test, vi } from "vitest";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { startEcho, texts, type EchoImpl } from "./echo.fixture.ts";
import type { CallContext } from "./service.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;

/** Handlers that begin, say so, and wait for their signal; each tells the reason it was given. */
function waitingHandlers() {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const wait = async ({ signal }: CallContext) => {
    begun.resolve();
    await sleep(60_000, { signal }).catch((reason: unknown) => {
      ended.resolve(reason);
      throw reason;
    });
  };
  const impl: EchoImpl = {
    async one(_request, context) {
      await wait(context);
      return {};
    },
    async many(_requests, context) {
      await wait(context);
      return {};
    },
    async *each(_request, context) {
      yield { value: "begun" };
      await wait(context);
    },
    async *talk(_requests, context) {
      yield { value: "begun" };
      await wait(context);
    },
  };
  return { impl, begun: begun.promise, ended: ended.promise };
}

type World = Awaited<ReturnType<typeof startEcho>>;
type Options = { signal?: AbortSignal; deadlineMs: number };
const callsOfAllKinds: Record<string, (world: World, options: Options) => Promise<unknown>> = {
  one: ({ client }, options) => client.one({}, options),
  many: ({ client }, options) => client.many([{}], options),
  each: ({ client }, options) => texts(client.each({}, options)),
  talk: ({ client }, options) => texts(client.talk([{}], options)),
};

test.each(Object.entries(callsOfAllKinds))(
  "%s: a cancelled call throws the signal's own reason, and its handler sees it cancelled",
  async (_kind, call) => {
    const { impl, begun, ended } = waitingHandlers();
    await using world = await startEcho(impl);
    const stop = new AbortController();
    const result = call(world, { deadlineMs, signal: stop.signal });
    const reason = new SalvoError("cancelled", "Ctrl-C");
    void begun.then(() => stop.abort(reason));
    await expect(result).rejects.toBe(reason);
    expect(await ended).toMatchObject({ kind: "cancelled" });
    expect(world.bugs).toEqual([]);
  },
);

test.each(Object.entries(callsOfAllKinds))(
  "%s: a deadline ends the call on both sides, as a timeout that names method, peer and limit",
  async (kind, call) => {
    const { impl, ended } = waitingHandlers();
    await using world = await startEcho(impl);
    const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    await expect(call(world, { deadlineMs: 50 })).rejects.toMatchObject({
      kind: "timeout",
      message: `salvo.test.Echo/${name} took longer than 50 ms`,
      host: world.server.address,
    });
    expect(await ended).toMatchObject({ kind: "cancelled" });
  },
);

test("a signal that has aborted already starts nothing", async () => {
  await using world = await startEcho({
    async one() {
      throw new Error("called");
    },
  });
  const signal = AbortSignal.abort(new SalvoError("cancelled", "before"));
  await expect(world.client.one({}, { deadlineMs, signal })).rejects.toThrow("before");
  expect(world.bugs).toEqual([]);
});

test.each(["each", "talk"] as const)("%s: leaving the loop cancels the call", async (kind) => {
  const { impl, ended } = waitingHandlers();
  await using world = await startEcho(impl);
  const stream = kind === "each" ? world.client.each({}) : world.client.talk([]);
  for await (const { value } of stream) {
    expect(value).toBe("begun");
    break;
  }
  expect(await ended).toMatchObject({ kind: "cancelled" });
});

test("a handler that does not read learns that its caller cancelled", async () => {
  const { impl, begun, ended } = waitingHandlers();
  await using world = await startEcho(impl);
  const stop = new AbortController();
  const filled = Promise.withResolvers<void>();
  async function* flood() {
    for (let sent = 1; sent < 200; sent++) {
      // More than HTTP/2's window holds.
      if (sent === 10) filled.resolve();
      yield { value: "x".repeat(100_000) };
    }
  }
  const upload = world.client.many(flood(), { signal: stop.signal });
  void Promise.all([begun, filled.promise]).then(() => stop.abort());
  await expect(upload).rejects.toMatchObject({ kind: "cancelled" });
  expect(await ended).toMatchObject({ kind: "cancelled" });
});

test("a handler's signal stays quiet when its call has ended well", async () => {
  const signals: AbortSignal[] = [];
  await using world = await startEcho({
    async one(_request, { signal }) {
      signals.push(signal);
      return {};
    },
  });
  await world.client.one({}, { deadlineMs });
  await world.client.one({}, { deadlineMs });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
});

test("a handler that goes wrong after its call was cancelled is still a bug", async () => {
  const told = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  const bug = new Error("late");
  await using world = await startEcho(
    {
      async one(_request, { signal }) {
        begun.resolve();
        await sleep(60_000, { signal }).catch(() => {});
        throw bug;
      },
    },
    { onBug: told.resolve },
  );
  const stop = new AbortController();
  void begun.promise.then(() => stop.abort());
  await expect(world.client.one({}, { deadlineMs, signal: stop.signal })).rejects.toMatchObject({ kind: "cancelled" });
  expect(await told.promise).toBe(bug);
});

test("a channel that is disposed of ends its calls, and starting another on it is a bug", async () => {
  const { impl, begun, ended } = waitingHandlers();
  await using world = await startEcho(impl);
  const result = world.client.one({}, { deadlineMs });
  void begun.then(() => world.channel[Symbol.dispose]());
  await expect(result).rejects.toMatchObject({ kind: "cancelled", message: "the channel was closed" });
  expect(await ended).toMatchObject({ kind: "cancelled" });
  await expect(world.client.one({}, { deadlineMs })).rejects.toThrow("bug");
});

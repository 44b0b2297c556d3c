import { setImmediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { startEcho } from "./echo.fixture.ts";

vi.setConfig({ testTimeout: 5000 });
const deadlineMs = 4000;

/** What two Node streams (16 messages each) and HTTP/2's window (64 KiB) hold of 10 KB messages, and some. */
const AHEAD_MAX = 50;
const MESSAGES = 300;
const value = "x".repeat(10_000);

/** A producer as fast as it is let, which measures how far it gets ahead of its reader. */
function createRace() {
  let ahead = 0;
  let most = 0;
  const released = Promise.withResolvers<void>();
  return {
    released: released.promise,
    get most() {
      return most;
    },
    async *produce(count = MESSAGES) {
      try {
        for (let sent = 0; sent < count; sent++) {
          ahead += 1;
          most = Math.max(most, ahead);
          if (ahead > AHEAD_MAX) throw new Error(`${ahead} messages ahead of the reader`);
          yield { value };
        }
      } finally {
        released.resolve();
      }
    },
    /** Reads, and leaves the producer many turns before each message. */
    async readSlowly(messages: AsyncIterable<unknown>) {
      let read = 0;
      for await (const _ of messages) {
        ahead -= 1;
        read += 1;
        for (let turn = 0; turn < 10; turn++) await setImmediate();
      }
      return read;
    },
  };
}

test("a handler that streams waits for a slow caller", async () => {
  const race = createRace();
  await using world = await startEcho({ each: () => race.produce() });
  expect(await race.readSlowly(world.client.each({}, { deadlineMs }))).toBe(MESSAGES);
  expect(race.most).toBeGreaterThan(16); // It did run ahead, as far as the pipe is long.
});

test("a caller that streams waits for a slow handler", async () => {
  const race = createRace();
  await using world = await startEcho({
    many: async (requests) => ({ value: String(await race.readSlowly(requests)) }),
  });
  expect((await world.client.many(race.produce(), { deadlineMs })).value).toBe(String(MESSAGES));
  expect(race.most).toBeGreaterThan(16);
});

test("in a conversation each direction waits for its own reader", async () => {
  const requests = createRace();
  const responses = createRace();
  await using world = await startEcho({
    async *talk(messages) {
      const reading = requests.readSlowly(messages);
      yield* responses.produce();
      await reading;
    },
  });
  expect(await responses.readSlowly(world.client.talk(requests.produce(), { deadlineMs }))).toBe(MESSAGES);
});

test("a handler that waits for room is woken when its caller leaves", async () => {
  const race = createRace();
  await using world = await startEcho({ each: () => race.produce(AHEAD_MAX) });
  for await (const _ of world.client.each({}, { deadlineMs })) break;
  await race.released;
  expect(race.most).toBeLessThan(AHEAD_MAX);
});

test("a caller that waits for room is woken when its handler ends", async () => {
  const race = createRace();
  const end = Promise.withResolvers<void>();
  await using world = await startEcho({
    async many() {
      await end.promise;
      return { value: "enough" };
    },
  });
  const upload = world.client.many(race.produce(), { deadlineMs });
  await vi.waitUntil(() => race.most >= 16, { interval: 5 });
  end.resolve();
  expect((await upload).value).toBe("enough");
  await race.released;
});

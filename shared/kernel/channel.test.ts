import { expect, test } from "vitest";
import { createChannel } from "./channel.ts";

test("a reader gets what was pushed before and after it began, then the end", async () => {
  const channel = createChannel<number>();
  channel.push(1);
  const read = (async () => {
    const seen: number[] = [];
    for await (const value of channel) seen.push(value);
    return seen;
  })();
  channel.push(2);
  await Promise.resolve();
  channel.push(3);
  channel.close();
  expect(await read).toEqual([1, 2, 3]);
  expect(channel.push(4)).toBe(false);
});

test("a failure reaches the reader after everything that was pushed before it", async () => {
  const channel = createChannel<number>();
  channel.push(1);
  channel.close(new Error("broken"));
  const iterator = channel[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toBe(1);
  await expect(iterator.next()).rejects.toThrow("broken");
});

test("pushing past the limit is a bug and says so", () => {
  const channel = createChannel<number>(1);
  channel.push(1);
  expect(() => channel.push(2)).toThrow("bug");
});

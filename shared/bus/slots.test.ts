import { expect, test } from "vitest";
import { createSlots } from "./slots.ts";

test("places are handed on in the order they were asked for, and never more than there are", async () => {
  const slots = createSlots(1);
  const order: number[] = [];
  await slots.take();
  const takers = [1, 2, 3].map(async (taker) => {
    await slots.take();
    order.push(taker);
    expect(slots.used).toBe(1);
    slots.release();
  });
  slots.release();
  await Promise.all(takers);
  expect(order).toEqual([1, 2, 3]);
  expect(slots.used).toBe(0);
});

test("who stops waiting leaves the queue, and a place granted in the same instant is not lost", async () => {
  const slots = createSlots(1);
  await slots.take();
  const early = new AbortController();
  const late = new AbortController();
  const gone = expect(slots.take({ signal: early.signal })).rejects.toMatchObject({ kind: "cancelled" });
  early.abort();
  await gone;
  const both = expect(slots.take({ signal: late.signal })).rejects.toMatchObject({ kind: "cancelled" });
  await new Promise(setImmediate); // it stands in the queue
  late.abort();
  slots.release();
  await both;
  expect(slots.used).toBe(0);
  await slots.free();
});

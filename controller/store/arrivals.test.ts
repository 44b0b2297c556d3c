import { expect, test } from "vitest";
import { createArrivals } from "./arrivals.ts";

test("a number that is far too high costs little, and what is missing below it is told at once", () => {
  const before = process.memoryUsage().arrayBuffers;
  const arrivals = createArrivals();
  arrivals.add(2 ** 28, 1, 7);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  expect(arrivals.missing(4_000_000_000)).toEqual([
    { first: 1, last: 2 ** 28 - 1 },
    { first: 2 ** 28 + 1, last: 4_000_000_000 },
  ]);
});

test("what is refused is neither here nor missing, until it comes", () => {
  const arrivals = createArrivals();
  arrivals.add(1, 1, 7);
  arrivals.refuse(2);
  arrivals.refuse(1);
  expect([arrivals.has(1), arrivals.has(2), arrivals.sumOf(1), arrivals.highest]).toEqual([true, false, 7, 1]);
  expect(arrivals.missing(3)).toEqual([{ first: 3, last: 3 }]);
  expect(arrivals.ranges(1, 3)).toEqual([{ first: 1, last: 1 }]);
  arrivals.add(2, 2, 8);
  expect([arrivals.has(2), arrivals.entryOf(2), arrivals.highest]).toEqual([true, 2, 2]);
});

test("what is in doubt is missing until the doubt is gone, or another one has come", () => {
  const arrivals = createArrivals();
  for (const seq of [1, 2, 3, 4]) arrivals.add(seq, seq, seq);
  for (const seq of [2, 3, 4]) arrivals.doubt(seq, true);
  expect(arrivals.missing(4)).toEqual([{ first: 2, last: 4 }]);
  arrivals.doubt(3, false);
  arrivals.add(2, 9, 9);
  arrivals.refuse(4);
  expect(arrivals.missing(4)).toEqual([]);
  expect([arrivals.entryOf(2), arrivals.sumOf(2), arrivals.has(4)]).toEqual([9, 9, true]);
});

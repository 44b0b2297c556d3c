import { expect, test } from "vitest";
import { coreTimes, diskChange } from "./counters.ts";

const core = (ms: number) => ({
  userMs: ms,
  systemMs: 2 * ms,
  irqMs: 0,
  softirqMs: 0,
  stealMs: 0,
  idleMs: 5 * ms,
  iowaitMs: 0,
});

test("a core's times are differences, in whole milliseconds", () => {
  expect(coreTimes([core(10)], [core(40.4)])).toEqual([{ ...core(30), systemMs: 61, idleMs: 152 }]);
});

test("what is unknown on either side, or went back, is 0", () => {
  const none = { userMs: 0, systemMs: 0, irqMs: 0, softirqMs: 0, stealMs: 0, idleMs: 0, iowaitMs: 0 };
  expect(
    coreTimes([core(10), undefined, core(30), core(9)], [undefined, core(20), core(10), core(9), core(1)]),
  ).toEqual(Array.from({ length: 5 }, () => none));
});

test("a disk's totals are differences, but what is in flight is in flight now", () => {
  const times = { readMs: 7, writeMs: 8, queueMs: 15 };
  const before = { reads: 5, readBytes: 2 ** 40, writes: 7, writtenBytes: 512, inFlight: 9, busyMs: 100, ...times };
  const later = { readMs: 9, writeMs: 9, queueMs: 18 };
  const after = { reads: 6, readBytes: 2 ** 40 + 4096, writes: 7, writtenBytes: 0, inFlight: 2, busyMs: 150, ...later };
  expect(diskChange(before, after)).toEqual({
    reads: 1,
    readBytes: 4096n,
    writes: 0,
    writtenBytes: 0n,
    inFlight: 2,
    busyMs: 50,
    readMs: 2n,
    writeMs: 1n,
    queueMs: 3n,
  });
});

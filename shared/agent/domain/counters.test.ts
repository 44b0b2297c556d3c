import { expect, test } from "vitest";
import { coreTimes, diskBeganAnew, diskChange, nicChanges, volumeBeganAnew, volumeChange } from "./counters.ts";

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
  const times = { busyMs: 100, readMs: 300, writeMs: 20, queueMs: 320 };
  const before = { reads: 5, readBytes: 2 ** 40, writes: 7, writtenBytes: 512, inFlight: 9, ...times };
  const after = { reads: 6, readBytes: 2 ** 40 + 4096, writes: 7, writtenBytes: 0, inFlight: 2 };
  expect(diskChange(before, { ...after, busyMs: 150, readMs: 900, writeMs: 20, queueMs: 931 })).toEqual({
    reads: 1,
    readBytes: 4096n,
    writes: 0,
    writtenBytes: 0n,
    inFlight: 2,
    busyMs: 50,
    readMs: 600n,
    writeMs: 0n,
    queueMs: 611n,
  });
});

test("times of a disk that Linux cuts to 32 bits go on counting", () => {
  const counts = { reads: 1, readBytes: 1, writes: 1, writtenBytes: 1, inFlight: 0, readMs: 7, writeMs: 7 };
  const change = diskChange({ ...counts, busyMs: 50, queueMs: 2 ** 32 - 100 }, { ...counts, busyMs: 49, queueMs: 200 });
  expect(change).toMatchObject({ queueMs: 300n, busyMs: 0, readMs: 0n });
});

test("a disk or a volume that counts less than it did began anew, whatever its times say", () => {
  const times = { busyMs: 100, readMs: 300, writeMs: 20, queueMs: 320 };
  const disk = { reads: 5, readBytes: 4096, writes: 7, writtenBytes: 512, inFlight: 9, ...times };
  expect(diskBeganAnew(disk, { ...disk, reads: 6, inFlight: 0, queueMs: 1 })).toBe(false);
  for (const key of ["reads", "readBytes", "writes", "writtenBytes"] as const)
    expect(diskBeganAnew(disk, { ...disk, [key]: disk[key] - 1 }), key).toBe(true);
  const volume = { commands: 10, readBytes: 20, writtenBytes: 30 };
  expect(volumeBeganAnew(volume, { ...volume, commands: 11 })).toBe(false);
  expect(volumeBeganAnew(volume, { commands: 2, readBytes: 20, writtenBytes: 30 })).toBe(true);
});

test("a volume's commands are counted together, as its target does not tell reads and writes apart", () => {
  const before = { commands: 10, readBytes: 2 ** 30, writtenBytes: 2 ** 20 };
  const after = { commands: 17, readBytes: 2 ** 30 + 2 ** 20, writtenBytes: 0 };
  expect(volumeChange(before, after)).toEqual({ commands: 7, readBytes: 1_048_576n, writtenBytes: 0n });
});

const nic = (name: string, by: number) => ({
  name,
  receivedBytes: 10 * by,
  sentBytes: 20 * by,
  receivedPackets: by,
  sentPackets: 2 * by,
  drops: by,
  errors: 0,
});

test("interfaces are matched by name; one that comes, goes or starts anew counts nothing", () => {
  const before = [nic("eth0", 100), nic("gone", 1), nic("reset", 50)];
  const after = [nic("new", 5), nic("reset", 1), nic("eth0", 103)];
  const none = { receivedBytes: 0n, sentBytes: 0n, receivedPackets: 0n, sentPackets: 0n, drops: 0n, errors: 0n };
  expect(nicChanges(before, after)).toEqual([
    { name: "reset", ...none },
    {
      name: "eth0",
      receivedBytes: 30n,
      sentBytes: 60n,
      receivedPackets: 3n,
      sentPackets: 6n,
      drops: 3n,
      errors: 0n,
    },
  ]);
});

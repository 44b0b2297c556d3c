import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isNvmeHead, openNvmeHead } from "./nvme-head.ts";

let folder: string;
let subsystem: string;
let head: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "salvo-nvme-"));
  subsystem = join(folder, "devices/virtual/nvme-subsystem/nvme-subsys2");
  head = join(subsystem, "nvme2n1");
  count(head, 0);
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Counts {
  readonly inFlight?: number;
  readonly busyMs?: number;
}

/** So many reads of 4 KiB of 2 ms each, and half as many writes of 512 bytes of 3 ms each. */
function count(device: string, reads: number, { inFlight = 0, busyMs = 0 }: Counts = {}): void {
  const writes = Math.floor(reads / 2);
  const queueMs = 2 * reads + 3 * writes;
  mkdirSync(device, { recursive: true });
  const fields = [reads, 0, 8 * reads, 2 * reads, writes, 0, writes, 3 * writes, inFlight, busyMs, queueMs];
  writeFileSync(join(device, "stat"), `${fields.join(" ")}\n`);
}

const path = (controller: number, namespace = 1) =>
  join(subsystem, `nvme${controller}`, `nvme2c${controller}n${namespace}`);
const removePath = (controller: number) => rmSync(path(controller), { recursive: true });
const removeController = (controller: number) => rmSync(join(subsystem, `nvme${controller}`), { recursive: true });
const open = (countsItself: boolean) => openNvmeHead(head, { countsItself });

test("a head is told by where it is: a namespace below its only controller is none", () => {
  expect(isNvmeHead("/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1")).toBe(true);
  expect(isNvmeHead("/sys/devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1")).toBe(false);
  expect(isNvmeHead("/sys/devices/pci0000:00/0000:00:04.0/nvme/nvme0/nvme0c0n1")).toBe(false);
});

test("all that two paths did since the beginning is added up, and those of other namespaces are not", () => {
  count(path(0), 1000);
  count(path(1), 2000);
  count(path(0, 2), 50);
  const read = open(false);
  expect(read()).toMatchObject({ reads: 0, writes: 0, busyMs: 0 });
  count(path(0), 1010, { inFlight: 3, busyMs: 30 });
  count(path(1), 2020, { inFlight: 4, busyMs: 50 });
  count(path(0, 2), 90);
  expect(read()).toEqual({
    reads: 30,
    readBytes: 30 * 4096,
    writes: 15,
    writtenBytes: 15 * 512,
    inFlight: 7,
    busyMs: 50, // both at the same time
    readMs: 60,
    writeMs: 45,
    queueMs: 105,
  });
});

test("a head that counts is not counted twice, also when its first I/O comes after the run began", () => {
  count(path(0), 1000);
  const read = open(true);
  expect(read()?.reads).toBe(0);
  count(path(0), 1010);
  count(head, 10, { inFlight: 1 });
  expect(read()).toMatchObject({ reads: 10, writes: 5, inFlight: 1 });
  count(path(0), 1050);
  count(head, 50);
  expect(read()?.reads).toBe(50);
});

test("a head whose counting is off has its paths' counts, whatever it counted before that", () => {
  count(head, 70);
  count(path(0), 1000);
  const read = open(false);
  count(path(0), 1010);
  expect(read()?.reads).toBe(10);
});

test("a path that goes takes nothing back, and one that comes brings all it counted since it was made", () => {
  count(path(0), 1000);
  count(path(1), 2000);
  const read = open(false);
  count(path(0), 1005);
  count(path(1), 2005);
  expect(read()?.reads).toBe(10);
  removePath(1); // its controller connects anew
  count(path(0), 1010);
  expect(read()?.reads).toBe(15);
  count(path(1), 7);
  expect(read()?.reads).toBe(22);
  removeController(0);
  count(path(3), 8);
  expect(read()?.reads).toBe(30);
});

test("a path that was replaced between two readings counts from its beginning", () => {
  count(path(0), 1000);
  const read = open(false);
  count(path(0), 12);
  expect(read()?.reads).toBe(12);
});

test("a head without any path does nothing, and one that is gone is not known", () => {
  count(path(0), 1000);
  const read = open(false);
  removePath(0);
  expect(read()?.reads).toBe(0);
  rmSync(head, { recursive: true });
  expect(read()).toBeUndefined();
});

test("whatever paths do, no count goes back, and none is more than all that paths counted", () => {
  const event = fc.record({ controller: fc.nat(2), reads: fc.nat(100), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      rmSync(subsystem, { recursive: true });
      count(head, 0);
      const live = new Map<number, number>();
      const read = open(false);
      let last = 0;
      let all = 0;
      for (const { controller, reads, remove } of events) {
        if (remove && live.delete(controller)) removePath(controller);
        else {
          all += reads;
          live.set(controller, (live.get(controller) ?? 0) + reads);
          count(path(controller), live.get(controller) ?? 0);
        }
        const now = read()?.reads ?? -1;
        expect(now).toBeGreaterThanOrEqual(last);
        expect(now).toBeLessThanOrEqual(all);
        last = now;
      }
      expect(last, "a reading after every event misses nothing").toBe(all);
    }),
    { numRuns: 100 },
  );
});

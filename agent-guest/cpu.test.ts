import { coreTimes } from "@salvo/shared/agent/domain/counters.ts";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { openCores, parseCores } from "./cpu.ts";

const recorded = readFileSync(join(import.meta.dirname, "fixtures/proc-stat-2-cores.txt"), "latin1");

function total(core: object | undefined): number {
  return Object.values(core ?? {}).reduce((sum: number, ms: number) => sum + ms, 0);
}

test("the cores of a recorded /proc/stat add up to its own total", () => {
  const cores = parseCores(recorded);
  expect(cores).toHaveLength(2);
  const [user = 0, nice = 0, ...others] = /^cpu +(.*)$/m
    .exec(recorded)![1]!
    .split(" ")
    .map((field) => Number(field) * 10);
  const sums = (key: keyof NonNullable<(typeof cores)[number]>) => cores.reduce((sum, core) => sum + core![key], 0);
  // Linux adds up before it divides, so each sum may be a tick short for every core.
  expect(Math.abs(sums("userMs") - user - nice)).toBeLessThanOrEqual(40);
  for (const [index, key] of (["systemMs", "idleMs", "iowaitMs", "irqMs", "softirqMs", "stealMs"] as const).entries())
    expect(Math.abs(sums(key) - others[index]!), key).toBeLessThanOrEqual(20);
});

test("each field goes where proc_stat(5) says, in milliseconds", () => {
  const [core] = parseCores("cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 1 20 3 4 5 6 7 8 900 900\nintr 1\n");
  expect(core).toEqual({ userMs: 210, systemMs: 30, idleMs: 40, iowaitMs: 50, irqMs: 60, softirqMs: 70, stealMs: 80 });
});

test("a core that is offline leaves its place empty", () => {
  const cores = parseCores("cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu3 4 0 0 0 0 0 0 0 0 0\nctxt 5\n");
  expect(cores.map((core) => core?.userMs)).toEqual([10, undefined, undefined, 40]);
});

test("a core that goes and comes back has done nothing in between, and its neighbours are not mixed up", () => {
  const line = (core: number, ticks: number) => `cpu${core} ${ticks} 0 0 0 0 0 0 0 0 0`;
  const at = (...lines: string[]) => parseCores(["cpu  0", ...lines, ""].join("\n"));
  const readings = [
    at(line(0, 100), line(1, 100), line(2, 100)),
    at(line(0, 110), line(2, 120)),
    at(line(0, 120), line(1, 105), line(2, 140)),
    at(line(0, 130), line(1, 106), line(2, 160)),
  ];
  const users = readings.slice(1).map((after, index) => coreTimes(readings[index]!, after).map(({ userMs }) => userMs));
  expect(users).toEqual([
    [100, 0, 200],
    [100, 0, 200],
    [100, 10, 200],
  ]);
});

test("kernels before 2.6.11 do not know of steal", () => {
  expect(parseCores("cpu  1 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n")[0]).toMatchObject({ softirqMs: 70, stealMs: 0 });
});

test("many cores all count", () => {
  const lines = Array.from({ length: 4096 }, (_, core) => `cpu${core} 123456789 ${core} 123456789 1 1 1 1 1 0 0`);
  const cores = parseCores(["cpu  1 1 1 1 1 1 1 1 0 0", ...lines, "intr 1", ""].join("\n"));
  expect(cores).toHaveLength(4096);
  expect(cores.at(-1)?.userMs).toBe((123_456_789 + 4095) * 10);
});

test.for(["cpu0 1 2 3 4 5 6", "cpu0 1 2 3 x 5 6 7 8", "cpuX 1 2 3 4 5 6 7 8"])(
  "what it does not know is refused: %s",
  (line) => {
    expect(() => parseCores(`${line}\n`)).toThrow(`/proc/stat has an unknown line: ${line}`);
  },
);

test("the live file counts the work of this process, on the same open file", async () => {
  const cores = openCores();
  try {
    const before = cores.read();
    expect(before.filter(Boolean).length).toBeGreaterThanOrEqual(availableParallelism());
    // Busy until the kernel has counted some: it does so 100 times a second.
    await vi.waitFor(
      () => {
        const busy = performance.now() + 30;
        while (performance.now() < busy);
        expect(
          Math.max(...coreTimes(before, cores.read()).map(({ userMs = 0, systemMs = 0 }) => userMs + systemMs)),
        ).toBeGreaterThan(0);
      },
      { timeout: 10_000, interval: 1 },
    );
    expect(total(cores.read()[0])).toBeGreaterThanOrEqual(total(before[0]));
  } finally {
    cores.close();
  }
});

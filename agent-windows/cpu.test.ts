import { cpus } from "node:os";
import { expect, test } from "vitest";
import { coresOf, readCores } from "./cpu.ts";

test("the time of interrupts is counted once: Windows has it in kernel time as well", () => {
  const times = { user: 100, nice: 0, sys: 50, idle: 1_000, irq: 20 };
  const [core] = coresOf([{ model: "", speed: 0, times }]);
  expect(core).toEqual({
    userMs: 100,
    systemMs: 30,
    irqMs: 20,
    softirqMs: 0,
    stealMs: 0,
    idleMs: 1_000,
    iowaitMs: 0,
  });
});

test("there is one reading for each core", () => {
  expect(readCores()).toHaveLength(cpus().length);
});

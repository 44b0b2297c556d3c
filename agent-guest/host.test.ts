import { readFileSync } from "node:fs";
import { availableParallelism, hostname, totalmem } from "node:os";
import { expect, test } from "vitest";
import { bootId, describeHost } from "./host.ts";

test("the inventory agrees with what Node knows of this host", async () => {
  const host = await describeHost();
  expect(host).toMatchObject({ name: hostname(), nodeVersion: process.version });
  expect(host.kernel).toBe(readFileSync("/proc/sys/kernel/osrelease", "latin1").trim());
  expect(host.cores).toBeGreaterThanOrEqual(availableParallelism());
  expect(host.memoryBytes).toBe(BigInt(totalmem()));
  expect(host.os).not.toBe("");
  expect(host.cpu).not.toBe("");
});

test("a boot has one id", () => {
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
  expect(bootId()).toBe(bootId());
});

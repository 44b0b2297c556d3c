import { hostname, totalmem } from "node:os";
import { expect, test } from "vitest";
import { describeHost } from "./host.ts";

test("the inventory says what Node knows, and of the hypervisor that it is not known", () => {
  const host = describeHost();
  expect(host).toMatchObject({ name: hostname(), memoryBytes: BigInt(totalmem()), nodeVersion: process.version });
  expect(host.cores).toBeGreaterThan(0);
  expect(host.virtualization).toBe("unknown");
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLead } from "./lead.ts";

const FIRST = 900_000n;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-lead-"));
  path = join(folder, "lead");
});
afterEach(() => rm(folder, { recursive: true }));

test("it begins with what was measured once, and goes by its own runs from the first on", async () => {
  const lead = openLead(path);
  expect(lead.current()).toBe(FIRST);
  await lead.learn([]);
  expect(lead.current()).toBe(FIRST);
  await lead.learn([700_000n]);
  expect(lead.current()).toBe(700_000n);
});

test("it is the lower quartile, whatever the order: a few slow runs change nothing", async () => {
  const lead = openLead(path);
  await lead.learn([2_900_000n, 500_000n, 2_800_000n, 400_000n, 600_000n, 700_000n, 800_000n, 2_700_000n]);
  expect(lead.current()).toBe(600_000n);
});

test("it stays within 0 and 3 ms", async () => {
  const lead = openLead(path);
  await lead.learn(Array.from({ length: 15 }, () => 80_000_000n));
  expect(lead.current()).toBe(3_000_000n);
  await lead.learn(Array.from({ length: 15 }, () => -5_000n));
  expect(lead.current()).toBe(0n);
});

test("the last 15 delays count, in this life and in the next", async () => {
  const lead = openLead(path);
  await lead.learn(Array.from({ length: 15 }, () => 100_000n));
  await lead.learn(Array.from({ length: 11 }, () => 200_000n));
  expect(lead.current()).toBe(100_000n); // 4 of 15 are left
  await lead.learn([200_000n]);
  expect(lead.current()).toBe(200_000n);
  expect(openLead(path).current()).toBe(200_000n);
  expect((await readFile(path, "latin1")).split("\n").filter(Boolean)).toHaveLength(15);
});

test.for(["garbage\n", "100000\n12x\n", "1e5\n", "9".repeat(19)])("a damaged file is begun anew: %j", async (text) => {
  await writeFile(path, text);
  const lead = openLead(path);
  expect(lead.current()).toBe(FIRST);
  await lead.learn([300_000n]);
  expect(openLead(path).current()).toBe(300_000n);
});

test("a file that cannot be read is not taken for a new one", async () => {
  await mkdir(path);
  expect(() => openLead(path)).toThrow("EISDIR");
});

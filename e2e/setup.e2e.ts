/** The set-up of a checkout whose packages somebody deleted: `bin/salvo` brings them back. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const HERE = join(import.meta.dirname, "..");
let checkout: string;

beforeAll(async () => {
  checkout = await mkdtemp(join(tmpdir(), "salvo-checkout-"));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: HERE });
  execFileSync("xargs", ["-0", "cp", "--parents", "-t", checkout], { cwd: HERE, input: files });
  await mkdir(join(checkout, ".toolchain"));
  for (const part of ["bin", "npm", "stamp"])
    execFileSync("cp", ["-a", join(HERE, ".toolchain", part), join(checkout, ".toolchain", part)]);
});
afterAll(() => rm(checkout, { recursive: true }));

test("packages that were deleted are there again after the next command", () => {
  const installed = join(checkout, "node_modules", ".modules.yaml");
  expect(existsSync(installed), dirname(installed)).toBe(false);
  const salvo = join(checkout, "bin", "salvo");
  const version = execFileSync(salvo, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(existsSync(installed)).toBe(true);
});

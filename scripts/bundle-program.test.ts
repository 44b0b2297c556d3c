import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxProgram } from "./bundle-linux.ts";
import type { BundledFile } from "./bundle-program.ts";
import { windowsProgram } from "./bundle-windows.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo bundle "));
afterAll(() => rmSync(folder, { recursive: true }));
let files: BundledFile[];
beforeAll(async () => {
  files = await linuxProgram();
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
});

function agent(...args: string[]): string {
  const options = { cwd: "/", encoding: "utf8", env: { PATH: process.env["PATH"] }, stdio: "pipe" } as const;
  return execFileSync(process.execPath, [join(folder, "salvo-agent-guest.mjs"), ...args], options);
}

test("a bundled agent starts from any folder, with no package beside it, and knows its version", () => {
  expect(files.map(({ name }) => name)).toEqual(["salvo-agent-guest.mjs", "crc32.node"]);
  expect(agent("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("what it loads only when it is needed is in it too: the library that makes certificate requests", () => {
  const token = `${"0".repeat(16)}.${"A".repeat(43)}.${"A".repeat(43)}`;
  expect(() => agent("join", "--controller", "127.0.0.1:1", "--token", token)).toThrow(/ECONNREFUSED/);
});

test("the same input gives the same bytes, and no path of where it was built is in them", async () => {
  expect(await linuxProgram()).toEqual(files);
  for (const { name, bytes } of files) expect(Buffer.from(bytes).includes(process.cwd()), name).toBe(false);
});

test("the agent for Windows is one file without anything compiled, in the language of Node 22", async () => {
  const program = await windowsProgram();
  expect(program.map(({ name }) => name)).toEqual(["salvo-agent-windows.mjs"]);
  // Lowered by esbuild: Node 22 does not know the word.
  expect(Buffer.from(program[0]?.bytes ?? []).toString()).not.toMatch(/\bawait using\b|[;{}]using \w/);
  writeFileSync(join(folder, "salvo-agent-windows.mjs"), program[0]?.bytes ?? "");
  const said = execFileSync(process.execPath, [join(folder, "salvo-agent-windows.mjs"), "--version"], { cwd: "/" });
  expect(said.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

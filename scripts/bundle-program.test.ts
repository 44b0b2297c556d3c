import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxProgram } from "./bundle-linux.ts";
import { packageIn } from "./bundle-licences.ts";
import type { BundledFile } from "./bundle-program.ts";
import { windowsProgram } from "./bundle-windows.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo bundle "));
afterAll(() => rmSync(folder, { recursive: true }));
let files: BundledFile[];
beforeAll(async () => {
  files = await linuxProgram();
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
}, 60_000);

function agent(...args: string[]): string {
  const options = { cwd: "/", encoding: "utf8", env: { PATH: process.env["PATH"] }, stdio: "pipe" } as const;
  return execFileSync(process.execPath, [join(folder, "salvo-agent-guest.mjs"), ...args], options);
}

test("a bundled agent starts from any folder, with no package beside it, and knows its version", () => {
  expect(files.map(({ name }) => name)).toEqual(["salvo-agent-guest.mjs", "LICENSES.txt", "crc32.node"]);
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

test("the agent for Windows is one file and what is compiled for Windows, in the language of Node 22, and needs that only to serve", async () => {
  const program = await windowsProgram();
  expect(program.map(({ name }) => name)).toEqual(["salvo-agent-windows.mjs", "LICENSES.txt", "koffi.node"]);
  // Lowered by esbuild: Node 22 does not know the word.
  expect(Buffer.from(program[0]?.bytes ?? []).toString()).not.toMatch(/\bawait using\b|[;{}]using \w/);
  writeFileSync(join(folder, "salvo-agent-windows.mjs"), program[0]?.bytes ?? "");
  const said = execFileSync(process.execPath, [join(folder, "salvo-agent-windows.mjs"), "--version"], { cwd: "/" });
  expect(said.toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a bundle has the licence text of every package that it contains, and of the Node beside it", () => {
  const text = Buffer.from(files.find(({ name }) => name === "LICENSES.txt")?.bytes ?? []).toString();
  expect(text).toMatch(/^@grpc\/grpc-js 1\S+ \(Apache-2\.0\)\n\n\s*Apache License/m);
  expect(text).toMatch(/^yaml 2\S+ \(ISC\)\n\nCopyright Eemeli Aro/m);
  expect(text).toMatch(/^@node-rs\/crc32 /m);
  expect(text).toMatch(/^node-linux-\w+ 24\S+ \(MIT\)\n\nNode\.js is licensed for use/m);
  // These packages bring no text; their licence stands in the list.
  const without = text.match(/^\S+ \S+ \(.*\)(?=\n\nThe package brings no text of its own\.$)/gm);
  expect(without).toEqual(["@bufbuild/protobuf 2.17.0 ((Apache-2.0 AND BSD-3-Clause))"]);
});

test("code of a package that names no licence is not bundled", () => {
  const place = mkdtempSync(join(folder, "package-"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "nameless", version: "1.0.0" }));
  expect(() => packageIn(place)).toThrow(/no name, version or licence/);
});

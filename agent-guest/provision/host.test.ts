import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { linuxHost } from "./host.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-host-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what is not there is undefined, also where a file is in its way", () => {
  mkdirSync(join(folder, "b"));
  writeFileSync(join(folder, "a"), "one\n");
  symlinkSync("b", join(folder, "link"));
  expect(linuxHost.list(folder)).toEqual(["a", "b", "link"]);
  expect(linuxHost.read(join(folder, "a"))).toBe("one");
  expect(linuxHost.readLink(join(folder, "link"))).toBe("b");
  for (const path of ["none", "none/none", "a/none"]) {
    expect(linuxHost.read(join(folder, path)), path).toBeUndefined();
    expect(linuxHost.list(join(folder, path)), path).toBeUndefined();
    expect(linuxHost.readLink(join(folder, path)), path).toBeUndefined();
  }
  expect(linuxHost.list(join(folder, "a"))).toBeUndefined();
  expect(linuxHost.readLink(join(folder, "a"))).toBeUndefined();
});

test("a file system's blocks are known before the file or its folder is there", () => {
  expect(linuxHost.blockSize(join(folder, "none", "none"))).toBe(linuxHost.blockSize(folder));
  expect(linuxHost.blockSize(folder)).toBeGreaterThanOrEqual(512);
});

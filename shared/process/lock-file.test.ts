import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tryLock } from "./lock-file.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));
const modeOf = (file: string) => statSync(file).mode & 0o777;

test("other users may not open a lock file, and so cannot hold the lock against its owner", () => {
  const fresh = join(folder, "fresh");
  const earlier = process.umask(0);
  try {
    tryLock(fresh)?.[Symbol.dispose]();
  } finally {
    process.umask(earlier);
  }
  expect(modeOf(fresh)).toBe(0o600);
});

test("a lock file that an earlier version left open to others is closed to them", () => {
  const old = join(folder, "old");
  writeFileSync(old, "");
  chmodSync(old, 0o644);
  tryLock(old)?.[Symbol.dispose]();
  expect(modeOf(old)).toBe(0o600);
});

test("a lock is held until it is given back", () => {
  const file = join(folder, "lock");
  const held = tryLock(file);
  expect(held).toBeDefined();
  expect(tryLock(file)).toBeUndefined();
  held?.[Symbol.dispose]();
  tryLock(file)?.[Symbol.dispose]();
});

test("a lock file that is a link is refused, and what it leads to stays as it is", () => {
  const others = join(folder, "others");
  writeFileSync(others, "");
  chmodSync(others, 0o644);
  symlinkSync(others, join(folder, "link"));
  expect(() => tryLock(join(folder, "link"))).toThrow(/cannot be locked/);
  expect(modeOf(others)).toBe(0o644);
});

import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isThere } from "./is-there.ts";

test("what cannot be looked at is neither there nor absent", () => {
  const folder = mkdtempSync(join(tmpdir(), "salvo-there-"));
  const loop = join(folder, "loop");
  symlinkSync(loop, loop);
  expect([isThere(folder), isThere(join(folder, "absent"))]).toEqual([true, false]);
  expect(() => isThere(loop)).toThrow("ELOOP");
  rmSync(folder, { recursive: true });
});

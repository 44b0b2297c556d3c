import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isSameBoot, openBootId, type SeenBoot } from "./boot.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-boot-"));
afterAll(() => rmSync(folder, { recursive: true }));

const HOUR_MS = 3_600_000;
const NOON: SeenBoot = { bootedAtMs: Date.UTC(2026, 10, 22, 12), upMs: HOUR_MS };

test.for<readonly [string, Partial<SeenBoot>, boolean]>([
  ["an hour later", { upMs: 2 * HOUR_MS }, true],
  ["a wall clock that was put right by a second", { upMs: 2 * HOUR_MS, bootedAtMs: NOON.bootedAtMs + 1_000 }, true],
  ["a boot two hours later", { bootedAtMs: NOON.bootedAtMs + 2 * HOUR_MS }, false],
  [
    "a boot that took its time to begin, seen after a longer while",
    { bootedAtMs: NOON.bootedAtMs + HOUR_MS, upMs: 9 * HOUR_MS },
    false,
  ],
  ["a boot with a wall clock that begins anew at each", { upMs: HOUR_MS - 1 }, false],
  ["a wall clock that was set by an hour", { upMs: 2 * HOUR_MS, bootedAtMs: NOON.bootedAtMs - HOUR_MS }, false],
])("the same boot or not: %s", ([, change, same]) => {
  expect(isSameBoot(NOON, { ...NOON, ...change })).toBe(same);
});

test("the id outlives the agent, and not the boot", () => {
  const file = join(folder, "boot.json");
  const at = (change: Partial<SeenBoot>) => openBootId(file, () => ({ ...NOON, ...change }))();
  const first = at({});
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(at({ upMs: 2 * HOUR_MS })).toBe(first);
  const second = at({ bootedAtMs: NOON.bootedAtMs + HOUR_MS });
  expect(second).not.toBe(first);
  expect(at({ bootedAtMs: NOON.bootedAtMs + HOUR_MS })).toBe(second);
});

test("within one process it is decided once, and slow drift over many starts is followed", () => {
  const file = join(folder, "drift.json");
  let hours = 1;
  const id = openBootId(file, () => ({ bootedAtMs: NOON.bootedAtMs + hours * 4_000, upMs: hours * HOUR_MS }));
  const first = id();
  for (hours = 2; hours < 10; hours++) {
    expect(id()).toBe(first);
    expect(openBootId(file, () => ({ bootedAtMs: NOON.bootedAtMs + hours * 4_000, upMs: hours * HOUR_MS }))()).toBe(
      first,
    );
  }
});

test("the clocks of this very host say that it was not booted in between", () => {
  const file = join(folder, "real.json");
  expect(openBootId(file)()).toBe(openBootId(file)());
});

test("what a crash left of the file is another boot, and replaced", () => {
  const file = join(folder, "torn.json");
  for (const torn of ["", '{"id":', '{"id":"a"}', "null"]) {
    writeFileSync(file, torn);
    const id = openBootId(file)();
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ id });
  }
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planLab } from "./plan.ts";
import { hasState, readState, removeState, type VlabState, writeState } from "./state.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-vlab-state-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what was written is read again, and nothing where nothing is", async () => {
  expect(hasState(folder)).toBe(false);
  expect(await readState(folder)).toBeUndefined();
  const state: VlabState = {
    version: 1,
    plan: planLab({ folder, lab: "lab", guests: 1, subnet: 3 }),
    accelerator: "tcg",
    phase: "starting",
    processes: { target: { pid: 12, started: "345", boot: "b" } },
  };
  await writeState(folder, state);
  expect(await readState(folder)).toEqual(state);
  await removeState(folder);
  expect(hasState(folder)).toBe(false);
});

test.for(["", "{", '{"version":2}'])("%j is no state, and is not taken for one", async (text) => {
  await writeFile(join(folder, "vlab.json"), text);
  await expect(readState(folder)).rejects.toMatchObject({
    kind: "corrupt",
    remedy: expect.stringContaining("vlab down"),
  });
});

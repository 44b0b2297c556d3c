/** Every call of agent-windows/win32 under Wine, which answers with what Linux knows: that the calls are right, not what Windows says. */
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { cpus, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bundleProgram } from "../scripts/bundle-program.ts";
import { windowsKoffi } from "../scripts/bundle-windows.ts";
import { processesIn } from "./process.ts";
import { startWine, type WindowsProgram } from "./wine.ts";
import { unpackWindowsAgent, windowsPath } from "./windows-lab.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

interface Core {
  readonly userMs: number;
  readonly idleMs: number;
}

interface Said {
  readonly processors: { readonly before: readonly Core[]; readonly after: readonly Core[] };
  readonly timer: { readonly exact: boolean; readonly ms: number };
  readonly wallOffMs: number;
  readonly affinity: { readonly mask: string; readonly one: string };
  readonly interfaces: readonly { readonly name: string; readonly receivedBytes: number }[];
  readonly [subject: string]: unknown;
}

let folder: string;
let program: WindowsProgram;
let said: Said;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-win32-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  await unpackWindowsAgent(folder);
  const files = await bundleProgram({
    entry: join(import.meta.dirname, "win32-on-windows.fixture.ts"),
    name: "win32",
    target: "node22",
    crc32: { source: join(import.meta.dirname, "../agent-windows/crc32c.ts") },
    koffi: windowsKoffi(),
    beside: [],
  });
  for (const { name, bytes } of files) await writeFile(join(folder, name), bytes);
  const wine = undo.use(await startWine());
  program = wine.start(join(folder, "node.exe"), [join(folder, "win32.mjs"), windowsPath(folder)], { cwd: folder });
  said = JSON.parse(await program.printed(/^\{.*\}\n/));
});

test("the time of each processor: one that works has more of it", () => {
  const { before, after } = said.processors;
  expect(after).toHaveLength(cpus().length);
  const passed = after.reduce((sum, { userMs }, core) => sum + userMs - (before[core]?.userMs ?? 0), 0);
  expect(passed).toBeGreaterThan(0);
});

test("a timer of high resolution, never early, and the wall clock", () => {
  expect(said.timer).toMatchObject({ exact: true });
  expect(said.timer.ms).toBeGreaterThanOrEqual(2.9);
  expect(Math.abs(said.wallOffMs)).toBeLessThan(1_000);
});

test("a file that is held keeps its name, and only then; another file is not taken for it", () => {
  expect(said["pinned"]).toEqual({
    path: `${windowsPath(folder)}\\pinned.bin`,
    renamed: { failed: expect.stringContaining("EBUSY") },
    other: { failed: expect.stringContaining("was exchanged") },
  });
});

test("the processors of a process are set and read back; a process that there is not is named", () => {
  const { mask, one } = said.affinity;
  expect(said.affinity).toMatchObject({
    set: one,
    back: mask,
    nobody: { failed: expect.stringContaining("process 3") },
  });
});

test("interfaces of this host with what they moved", () => {
  const names = new Set(said.interfaces.map(({ name }) => name));
  expect(Object.keys(networkInterfaces()).filter((name) => names.has(name))).not.toEqual([]);
  expect(said.interfaces.some(({ receivedBytes }) => receivedBytes > 0)).toBe(true);
});

test("what Wine does not have is not known, and named", () => {
  expect(said["numa"]).toBeNull();
  expect(said["counters"]).toEqual({
    processor: expect.any(Number),
    disk: { unknown: expect.stringContaining("there is no such counter") },
  });
  expect(said["disk"]).toEqual({
    number: 0,
    performance: { failed: expect.stringContaining("Windows error 50") },
    counted: null,
    volume: null,
  });
});

test("when the program is killed, so is the child of its child", async () => {
  const below = join(folder, "below");
  expect(await readFile(join(below, "begun"), "utf8")).toBe("");
  // The folder itself is not one of those below it.
  expect(processesIn(folder)).not.toEqual([]);
  program.kill();
  await program.ended;
  await vi.waitFor(() => expect(processesIn(folder)).toEqual([]), { timeout: 10_000, interval: 20 });
});

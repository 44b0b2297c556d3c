import type { Gate } from "@salvo/shared/agent/fio/workloads.ts";
import { startProcess, type RunningProcess } from "@salvo/shared/process/start.ts";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openGate } from "./gate.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-gate-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** What fio does for each of its jobs: a shell that must end well before the job may begin. */
function park(gate: Gate, count: number): Promise<RunningProcess[]> {
  const start = () => startProcess("sh", ["-c", `${gate.command} && echo went`], { cwd: folder });
  return Promise.all(Array.from({ length: count }, start));
}

async function untilParked(gate: Gate, count: number): Promise<AsyncIterator<void>> {
  const parked = gate.parked[Symbol.asyncIterator]();
  for (let seen = 0; seen < count; seen++) expect((await parked.next()).done).toBe(false);
  return parked;
}

async function ends(jobs: readonly RunningProcess[]): Promise<string[]> {
  return Promise.all(
    jobs.map(async ({ stdout, exited }) => `${(await text(stdout)).trim()} ${(await exited).exitCode}`),
  );
}

function openFiles(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // the folder's own descriptor, closed by now
    }
  }).length;
}

test("every job that waits is counted, and all go when the gate opens", async () => {
  const gate = await openGate(folder);
  const jobs = await park(gate, 8);
  const parked = await untilParked(gate, 8);
  const still = await Promise.race([Promise.any(jobs.map(({ exited }) => exited)), Promise.resolve("waiting")]);
  expect(still).toBe("waiting");
  gate.allow();
  gate.open();
  expect(await ends(jobs)).toEqual(Array.from({ length: 8 }, () => "went 0"));
  gate.close();
  expect((await parked.next()).done).toBe(true);
  expect(openFiles()).toBe(0);
});

test("a gate that is closed lets nobody go, and nobody is left waiting", async () => {
  const gate = await openGate(folder);
  const jobs = await park(gate, 3);
  await untilParked(gate, 3);
  gate.close();
  expect(await ends(jobs)).toEqual([" 1", " 1", " 1"]);
  expect(openFiles()).toBe(0);
});

test("a gate that opens without leave, as when its agent dies, lets nobody go", async () => {
  const gate = await openGate(folder);
  const jobs = await park(gate, 2);
  await untilParked(gate, 2);
  gate.open();
  expect(await ends(jobs)).toEqual([" 1", " 1"]);
  gate.close();
});

test("leave alone opens nothing", async () => {
  const gate = await openGate(folder);
  const [job] = await park(gate, 1);
  await untilParked(gate, 1);
  gate.allow();
  // Others come and park meanwhile: the first would have gone long before.
  const others = await park(gate, 2);
  await untilParked(gate, 2);
  const early = await Promise.race([job!.exited, Promise.resolve("waiting")]);
  expect(early).toBe("waiting");
  gate.open();
  expect(await ends([job!, ...others])).toEqual(["went 0", "went 0", "went 0"]);
  gate.close();
});

test("closing twice, or after opening, is no mistake", async () => {
  const gate = await openGate(folder);
  gate.open();
  gate.close();
  gate.close();
  expect(openFiles()).toBe(0);
});

test("where no gate can be made it says why", async () => {
  await writeFile(join(folder, "ready"), "left behind");
  await expect(openGate(folder)).rejects.toMatchObject({
    kind: "program-failed",
    message: expect.stringMatching(/the gate cannot be made: .*ready.*File exists/),
  });
});

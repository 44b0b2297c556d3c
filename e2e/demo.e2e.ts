import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ranStudy } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { processesIn, startSalvo } from "./process.ts";

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-demo-")));
});
afterEach(() => rm(folder, { recursive: true }));

test("demo: one JSON object per run, a report of all of them, nothing left running; and once more in the same place", async () => {
  const runs: string[] = [];
  for (const _ of [1, 2]) {
    const demo = await startDemo("--agents", "2", "--seconds", "1", "--json");
    const lines = expectAllThere(ranStudy(demo), 4);
    expect(lines.map(({ workload, participants }) => [workload, participants])).toEqual([
      ["4k-randread", 2],
      ["4k-randwrite", 2],
      ["64k-read", 2],
      ["64k-write", 2],
    ]);
    const report = readFileSync(join(folder, "out", "report.html"), "utf8");
    for (const { run } of lines) expect(report).toContain(run);
    runs.push(...lines.map(({ run }) => run));
    expect(readdirSync(join(folder, "out")).sort()).toEqual(["data", "report.html"]);
    expect(processesIn(folder)).toEqual([]);
  }
  expect(new Set(runs).size).toBe(8);
  const sealed = readdirSync(join(folder, "out", "data", "runs")).filter((name) => !name.startsWith("."));
  expect(sealed.sort()).toEqual(runs.sort());
});

test("demo with a fio that is not there: refused for every agent with what to do, and nothing is left", async () => {
  const demo = await startDemo("--agents", "2", "--seconds", "1", "--fio", "/nowhere/fio", "--json");
  const { runs, exitCode, stderr } = ranStudy(demo);
  expect(runs).toEqual([]);
  for (const agent of ["agent1", "agent2"])
    expect(stderr).toContain(`${agent}: there is no program /nowhere/fio. Check the path, or install it`);
  expect(stderr).toContain("Nothing was started");
  expect(exitCode).toBe(6);
  expect(readdirSync(join(folder, "out"))).toEqual(["data"]);
  expect(processesIn(folder)).toEqual([]);
});

test("demo of a workload that there is not: the names that there are, nothing left running", async () => {
  const { stdout, stderr, exitCode } = await startDemo("--agents", "2", "--workload", "8k-randread", "--json");
  expect(stderr).toContain("8k-randread");
  expect(stderr).toContain("4k-randread");
  expect(stdout).toBe("");
  expect(exitCode).toBe(2);
  expect(processesIn(folder)).toEqual([]);
});

function startDemo(...args: string[]) {
  return startSalvo(["demo", "--out", join(folder, "out"), ...args], { cwd: folder }).ended;
}

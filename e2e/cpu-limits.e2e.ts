/** A real fio that the kernel keeps from CPUs. Needs root, a cgroup hierarchy with the controller cpu, and two CPUs. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quick, startLab } from "./lab.ts";

/** A cgroup whose processes may use so many thousandths of a core. */
async function makeCgroup(name: string, thousandths: number): Promise<string> {
  const version1 = "/sys/fs/cgroup/cpu";
  if (existsSync(`${version1}/cgroup.procs`)) {
    const folder = join(version1, name);
    await mkdir(folder);
    await writeFile(join(folder, "cpu.cfs_period_us"), "100000");
    await writeFile(join(folder, "cpu.cfs_quota_us"), String(thousandths * 100));
    return folder;
  }
  await writeFile("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
  const folder = join("/sys/fs/cgroup", name);
  await mkdir(folder);
  await writeFile(join(folder, "cpu.max"), `${thousandths * 100} 100000`);
  return folder;
}

let folder: string;
let cgroup: string;
const name = `salvo-e2e-${process.pid}`;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-cpu-limits-"));
  cgroup = await makeCgroup(name, 100);
});
afterAll(async () => {
  await rmdir(cgroup);
  await rm(folder, { recursive: true });
});

async function wrapper(file: string, lines: string): Promise<string> {
  const path = join(folder, file);
  await writeFile(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return path;
}

/** The warnings in the summaries of the study's runs, one run after another. */
async function warningsOf(archives: readonly string[]): Promise<string[][]> {
  return Promise.all(archives.map(async (archive) => (await loadManifest(archive)).summary?.warnings ?? []));
}

test("a fio with a tenth of a core, and one that may run on one CPU only, are warnings of their runs", async () => {
  const slow = await wrapper("slow", `echo $$ > ${cgroup}/cgroup.procs; exec fio "$@"`);
  const narrow = await wrapper("narrow", `exec taskset -c 1 fio "$@"`);
  await using lab = await startLab({ agents: [{ fio: slow }, { fio: narrow }] });
  const { rateIopsPerJob: _, ...unlimited } = quick;
  const { runs, stderr } = await lab.runStudy({
    interval: "500ms",
    scenarios: ["guest1", "guest2"].map((agent) => ({ name: agent, participants: [{ agent, device: "disk1" }] })),
    workloads: [{ ...unlimited, engine: "null", jobs: 2, duration: "3s" }],
  });
  expect(runs, stderr).toHaveLength(2);
  const [ofSlow = [], ofNarrow = []] = await warningsOf(runs.map(({ archive }) => archive));
  const quota = new RegExp(
    String.raw`^fio of guest1\.disk1 may use 0\.1 cores \(CPU quota of cgroup /${name}\), and was stopped in (\d+) of (\d+) periods, for [\d.]+ s in all: `,
  );
  const [, stopped, periods] = ofSlow.flatMap((warning) => quota.exec(warning) ?? []);
  expect(Number(stopped), ofSlow.join("\n")).toBeGreaterThan(0);
  expect(Number(periods), "only those between T0 and the last tick").toBeLessThan(50);
  const cpus = /^fio of guest2\.disk1 may run on 1 of \d+ CPUs \(1\) only, and 2 jobs share them$/;
  expect(ofNarrow).toContainEqual(expect.stringMatching(cpus));
  expect(ofNarrow.filter((warning) => warning.includes("quota"))).toEqual([]);
});

/** What tests of virtual labs have in common: whether there can be one here, its commands, and what a lab leaves behind. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QEMU } from "@salvo/controller/vlab/kernel.ts";
import { namesOf } from "@salvo/controller/vlab/plan.ts";
import { thisHost, TUN } from "@salvo/controller/vlab/requirements.ts";
import { run } from "@salvo/shared/process/run.ts";
import { afterAll, test } from "vitest";
import { startSalvo, type TestProcess } from "./process.ts";

const lacks = [
  ...(thisHost.isRoot ? [] : ["root"]),
  ...((await thisHost.canUse(TUN)) ? [] : [TUN]),
  ...((await thisHost.has(QEMU)) ? [] : [QEMU]),
];
if (lacks.length > 0) process.stderr.write(`no test of virtual labs here: without ${lacks.join(", ")}\n`);

/** A test of a virtual lab: skipped, with the reason printed, only where there can be none. */
export const here = test.runIf(lacks.length === 0);

/** Of starting: a host that is busy with much else has been seen to take two minutes. */
export const UP_MS = 300_000;

export interface LabsFolder {
  readonly path: string;
  readonly salvo: (...args: string[]) => TestProcess;
}

/** A folder for labs, each in a folder of its own within it. When the file's tests are over they are taken down, and it goes. */
export async function labsFolder(): Promise<LabsFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "salvo-vlab-")));
  const salvo = (...args: string[]) => startSalvo(args, { cwd: path });
  afterAll(async () => {
    if (lacks.length === 0)
      for (const dir of await readdir(path)) await salvo("vlab", "down", "--dir", join(path, dir)).ended;
    await rm(path, { recursive: true });
  });
  return { path, salvo };
}

/** Whatever of a lab this host knows: links, namespaces, processes, mounts. */
export async function tracesOf(dir: string): Promise<string[]> {
  const { namespace, link } = namesOf(dir);
  const said = await Promise.all(
    [
      ["link", "show"],
      ["netns", "list"],
    ].map(async (args) => (await run("ip", args)).stdout.split("\n")),
  );
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine);
  const lines = [...said.flat(), ...processes, ...readFileSync("/proc/mounts", "utf8").split("\n")];
  return lines.filter((line) => [namespace, link, `${dir}/`].some((name) => line.includes(name)));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return ""; // it has ended
  }
}

/** What tests of virtual labs have in common: whether there can be one here, its commands, and what a lab leaves behind. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QEMU } from "@salvo/testbed/vlab/kernel.ts";
import { namesOf } from "@salvo/testbed/vlab/plan.ts";
import { thisHost, TUN } from "@salvo/testbed/vlab/requirements.ts";
import type { VlabState } from "@salvo/testbed/vlab/state.ts";
import { run } from "@salvo/shared/process/run.ts";
import { afterAll, expect, test } from "vitest";
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

export interface Vlab {
  readonly dir: string;
  readonly labFile: string;
  /** more: options of `salvo vlab up`. */
  up(guests: number, ...more: string[]): Promise<void>;
  state(): Promise<VlabState>;
  /** What it printed. It must end well. */
  inGuest(guest: string, command: string): Promise<string>;
  /** The end of its storage network's cable, outside of the guest. */
  setLink(guest: string, state: "up" | "down"): Promise<void>;
  /** A file beside lab.yaml: JSON is YAML. Returns its path. */
  write(name: string, content: object): Promise<string>;
  /** `salvo run --json`, with the lab's data folder. */
  startRun(study: string, labFile?: string): TestProcess;
  /** All hosts are as the lab file says. */
  nothingToDo(): Promise<void>;
  /** No target and no initiator has anything of Salvo's, by its own looks and not by what it remembers. */
  nothingLeft(): Promise<void>;
}

export function vlabIn({ path, salvo }: LabsFolder, name: string): Vlab {
  const dir = join(path, name);
  const labFile = join(dir, "lab.yaml");
  const state = async (): Promise<VlabState> => JSON.parse(await readFile(join(dir, "vlab.json"), "utf8"));
  return {
    dir,
    labFile,
    state,
    async up(guests, ...more) {
      const starting = salvo("vlab", "up", "--dir", dir, "--guests", `${guests}`, ...more);
      await starting.said(/ready after/, { timeoutMs: UP_MS });
      process.stderr.write(`${/ready after .*/.exec(starting.stderr)?.[0]}\n`);
      const { exitCode, stdout } = await starting.ended;
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("salvo run") });
    },
    async inGuest(guest, command) {
      const shell = await salvo("vlab", "shell", guest, "--dir", dir, "--", "sh", "-c", command).ended;
      expect(shell.exitCode, `${guest}: ${command}: ${shell.stdout}${shell.stderr}`).toBe(0);
      return shell.stdout;
    },
    async setLink(guest, wanted) {
      const { plan } = await state();
      const tap = plan.guests.find(({ id }) => id === guest)?.taps.data ?? "";
      const { exitCode, stderr } = await run("ip", ["-netns", plan.namespace, "link", "set", tap, wanted]);
      expect(exitCode, stderr).toBe(0);
    },
    async write(file, content) {
      await writeFile(join(dir, file), JSON.stringify(content));
      return join(dir, file);
    },
    startRun: (study, lab = labFile) => salvo("run", study, "--lab", lab, "--data", join(dir, "data"), "--json"),
    async nothingToDo() {
      const { stdout, exitCode, stderr } = await salvo("lab", "plan", "--lab", labFile).ended;
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toMatch(/ hosts, 0 steps/);
    },
    async nothingLeft() {
      const { stdout, exitCode, stderr } = await salvo("lab", "inspect", "--lab", labFile, "--json").ended;
      expect(exitCode, stderr).toBe(0);
      const hosts = stdout
        .split("\n")
        .filter(Boolean)
        .map((line): { agent: string; luns: unknown[]; items: { id: string }[] } => JSON.parse(line));
      expect(hosts.length).toBeGreaterThan(0);
      const stays = /^(module|configfs|fabric|backend|daemon)\b/;
      for (const { agent, luns, items } of hosts) {
        expect(luns, agent).toEqual([]);
        expect(
          items.map(({ id }) => id).filter((id) => !stays.test(id)),
          agent,
        ).toEqual([]);
      }
    },
  };
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

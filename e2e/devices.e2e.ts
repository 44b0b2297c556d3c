import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { quick, startLab } from "./lab.ts";

const MIB = 2 ** 20;
const writes = { ...quick, name: "writes", pattern: "randwrite", rateIopsPerJob: 5000 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-devices-"));
  await writeFile(join(folder, "bystander"), randomBytes(MIB));
  await mkdir(join(folder, "elsewhere"));
  await writeFile(join(folder, "elsewhere", "bystander"), randomBytes(MIB));
});
afterEach(() => rm(folder, { recursive: true }));

/** Every file below the folder and what is in it. */
async function contents(): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const hashes = files.map(async (file) => [
    file,
    createHash("sha256")
      .update(await readFile(file))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(hashes));
}

const device = (name: string) => ({ name, path: join(folder, name), size: "8MiB" });
const alone = (name: string) => ({ name, participants: [{ agent: "guest1", device: name }] });

test("a device that the agent's own file does not list is refused by name, and what is listed is said", async () => {
  await using lab = await startLab({ agents: [{ devices: [device("disk")] }] });
  const before = await contents();
  const { runs, exitCode, stderr } = await lab.runStudy({ scenarios: [alone("bystander")], workloads: [writes] });
  expect(stderr).toMatch(/guest1.*device bystander is not listed.*listed: disk/i);
  expect(stderr).not.toContain("arming"); // known before anything is started
  expect({ runs, exitCode }).toEqual({ runs: [], exitCode: 6 });
  expect(await contents()).toEqual(before);
  await lab.nothingLeft();
});

test("what is no plain file is refused, listed or not: link, folder, pipe, character and block device", async () => {
  const names = ["link", "elsewhere", "pipe", "character", ...(process.getuid?.() === 0 ? ["block"] : [])];
  await symlink(join(folder, "bystander"), join(folder, "link"));
  make("mkfifo", "pipe");
  await using lab = await startLab({
    agents: [
      {
        devices: names.map((name) => (name === "character" ? { ...device(name), path: "/dev/zero" } : device(name))),
      },
    ],
  });
  // No driver has this one: opening it would say so in other words.
  if (names.includes("block")) make("mknod", "block", "b", "240", "77");
  const before = await contents();
  const { runs, exitCode } = await lab.runStudy({ scenarios: names.map(alone), workloads: [writes] });
  expect(runs.map(({ scenario }) => scenario)).toEqual(names);
  for (const { scenario, verdict, reason } of runs) {
    expect({ scenario, verdict }).toEqual({ scenario, verdict: "aborted" });
    expect(reason).toMatch(new RegExp(`guest1.*device ${scenario}: .* is not a plain file`));
    expect(reason).toContain("name a file");
  }
  expect(exitCode).toBe(5);
  expect(await contents()).toEqual(before);
  await lab.nothingLeft();
});

test("holes are filled before anything is read, and past its size a file is left as it is", async () => {
  await writeFile(join(folder, "holes"), "");
  await truncate(join(folder, "holes"), 8 * MIB);
  await writeFile(join(folder, "large"), randomBytes(9 * MIB));
  await using lab = await startLab({ agents: [{ devices: ["missing", "holes", "large"].map(device) }] });
  const before = await contents();
  const rest = (await readFile(join(folder, "large"))).subarray(8 * MIB);
  const { runs, stderr } = await lab.runStudy({ interval: "500ms", workloads: [writes] });
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict);
  for (const name of ["missing", "holes"]) {
    const { size, blocks } = await stat(join(folder, name));
    expect({ name, size }).toEqual({ name, size: 8 * MIB });
    expect(blocks * 512).toBeGreaterThanOrEqual(size);
    const content = await readFile(join(folder, name));
    for (let at = 0; at < size; at += 4096)
      expect(content.subarray(at, at + 4096).some((byte) => byte !== 0)).toBe(true);
  }
  expect((await readFile(join(folder, "large"))).subarray(8 * MIB).equals(rest)).toBe(true);
  const { [join(folder, "missing")]: _, ...after } = await contents();
  const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
  expect(changed.toSorted()).toEqual([join(folder, "holes"), join(folder, "large")]);
  expect(Object.keys(after).toSorted()).toEqual(Object.keys(before).toSorted());
  await lab.nothingLeft();
});

function make(program: string, name: string, ...rest: string[]): void {
  const { status, stderr } = spawnSync(program, [join(folder, name), ...rest], { encoding: "utf8" });
  if (status !== 0) throw new Error(`this test needs a ${name}: ${stderr}`);
}

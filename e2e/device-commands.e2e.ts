/** `salvo-agent-guest devices`: on loop devices, and as a program. */
import { create } from "@bufbuild/protobuf";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { listDevices } from "@salvo/agent-guest/device-list.ts";
import { claimDevice, type DevicesDeps, releaseDevice } from "@salvo/agent-guest/devices.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { DiskIdentitySchema } from "@salvo/proto/lab_pb.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LoopDisk, type Loops, openLoops } from "./loops.ts";
import { startAgentProgram } from "./process.ts";

let loops: Loops;
let disk: LoopDisk;
let printed = "";
let questions: string[] = [];
beforeEach(async () => {
  loops = await openLoops();
  disk = await loops.add("disk1");
  [printed, questions] = ["", []];
});
afterEach(() => loops[Symbol.asyncDispose]());

const serial = () => disk.device.disk!.serial;

/** With a person at the terminal who types that. */
function deps(typed?: string): DevicesDeps {
  const file = { name: "file", path: join(loops.folder, "file"), sizeBytes: 4096n };
  const missing = { name: "missing", sizeBytes: 4096n, disk: { serial: "none", wwn: "naa.600000000000" } };
  return {
    config: create(AgentConfigSchema, { id: "guest1", dataDir: loops.folder, devices: [disk.device, file, missing] }),
    disks: loops.disks,
    print: (text) => (printed += text),
    async ask(question) {
      questions.push(question);
      return typed;
    },
  };
}

async function row(name: string): Promise<string> {
  printed = "";
  await listDevices(deps());
  return printed.split("\n").find((line) => line.split(/\s+/)[1] === name) ?? "";
}

test("list says of each disk what it is, what is on it, and whether runs may write to it", async () => {
  const other = await loops.add("disk2");
  await loops.sh("mkfs.ext4", "-q", "-F", other.path);
  expect(await row("disk1")).toMatch(
    new RegExp(`^${disk.path} .*${serial()}.* 16777216B \\(16.0 MiB\\) +none +no: .*\\[label-missing\\]$`),
  );
  expect(await row("missing")).toMatch(/^- .*no: no disk here is serial none, .*\[not-found\]$/);
  expect(await row("file")).toBe("");
  expect(printed).toMatch(new RegExp(`^${other.path} +- .* ext4 +no: not listed in the agent's file$`, "m"));
  await claimDevice("disk1", "lab1", {}, deps(serial()));
  expect(await row("disk1")).toMatch(/ yes$/);
  const claims = openClaims(loops.folder);
  const label = await claims.read("disk1");
  await claims.write({ ...label!, uuid: "of-another-time" });
  expect(await row("disk1"), "there is no run and no plan").toMatch(/no: bears label [^;]*\[label-uuid\]$/);
});

test("claim shows the disk and asks for its serial number; release does the same", async () => {
  const before = await disk.hash();
  await claimDevice("disk1", "lab1", {}, deps(serial()));
  for (const line of [
    `serial      ${serial()}`,
    "size        16777216B (16.0 MiB)",
    "signatures  none",
    "first MiB   blank",
  ])
    expect(printed).toContain(`${line}\n`);
  expect(questions).toEqual([
    expect.stringContaining("RUNS WILL OVERWRITE ALL OF IT. To claim it type its serial number"),
  ]);
  expect(await disk.hash()).not.toBe(before);
  await releaseDevice("disk1", {}, deps(serial()));
  expect(printed).toContain("first MiB   device disk1 of lab lab1, label ");
  expect(await disk.hash()).toBe(before);
});

test.for<readonly [what: string, typed: string | undefined, consent: object, why: string]>([
  ["yes", "yes", {}, "yes is not its serial number"],
  ["nothing", "", {}, "nothing was typed"],
  ["nobody there", undefined, {}, "nobody was there to confirm it"],
  ["another serial number", "9f1c", {}, "9f1c is not its serial number"],
  ["--yes alone", undefined, { yes: true }, "--yes needs --serial with its serial number"],
  ["--yes with another serial number", undefined, { yes: true, serial: "9f1c" }, "9f1c is not its serial number"],
])("without the serial number nothing is written: %s", async ([, typed, consent, why]) => {
  const before = await disk.hash();
  await expect(claimDevice("disk1", "lab1", consent, deps(typed))).rejects.toMatchObject({
    kind: "invalid-input",
    message: `device disk1: nothing was written, as ${why}`,
  });
  expect(await disk.hash()).toBe(before);
});

test("a disk without a serial number is claimed by its WWN", async () => {
  const { disks } = loops;
  const target = { iqn: "iqn.2026-11.lab:ram", lun: 0 };
  const named = (found: DiskIdentity) =>
    found.path === disk.path ? { ...found, serial: { value: "" }, target: { value: target } } : found;
  const without: Disks = {
    ...disks,
    identify: () => disks.identify().map(named),
    open(found) {
      const opened = disks.open(found);
      const look = (startBytes: number) => {
        const facts = opened.look(startBytes);
        return { ...facts, identity: named(facts.identity) };
      };
      return { ...opened, look };
    },
  };
  const { wwn } = disk.device.disk!;
  disk.device.disk = create(DiskIdentitySchema, { wwn, ...target });
  await claimDevice("disk1", "lab1", {}, { ...deps(wwn), disks: without });
  expect(questions).toEqual([expect.stringMatching(/type its WWN: $/)]);
  expect(printed).toContain("claimed device disk1 for lab lab1");
});

test("--yes with the serial number asks nobody", async () => {
  await claimDevice("disk1", "lab1", { yes: true, serial: serial() }, deps());
  await expect(releaseDevice("disk1", { yes: true }, deps())).rejects.toMatchObject({ kind: "invalid-input" });
  await releaseDevice("disk1", { yes: true, serial: serial() }, deps());
  expect(questions).toEqual([]);
});

test("what cannot be claimed is told before anybody is asked", async () => {
  await loops.sh("mkswap", disk.path);
  await expect(claimDevice("disk1", "lab1", {}, deps(serial()))).rejects.toThrow("[swap-signature]");
  await expect(claimDevice("file", "lab1", {}, deps())).rejects.toMatchObject({ kind: "invalid-input" });
  await expect(claimDevice("other", "lab1", {}, deps())).rejects.toMatchObject({ kind: "refused" });
  await expect(claimDevice("disk1", "Lab 1", {}, deps())).rejects.toMatchObject({ kind: "invalid-input" });
  expect(questions).toEqual([]);
});

test("the program lists disks, and says what it refuses", async () => {
  const file = join(loops.folder, "agent.yaml");
  const { serial, wwn } = disk.device.disk!;
  const listed = [{ name: "disk1", size: "16MiB", disk: { serial, wwn } }];
  await writeFile(file, JSON.stringify({ id: "guest1", dataDir: "data", devices: listed }));
  const run = (...args: string[]) => startAgentProgram(["devices", ...args, "--config", file], { cwd: loops.folder });
  await using list = run("list");
  // The program cannot know the identity that this test gives the loop device.
  expect(await list.ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/disk1 .*\[not-found\]/) });
  expect(list.stdout).toMatch(new RegExp(`^${disk.path} .* no: not listed`, "m"));
  await using claim = run("claim", "disk1", "--lab", "lab1", "--yes", "--serial", serial);
  expect(await claim.ended).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("[not-found]") });
});

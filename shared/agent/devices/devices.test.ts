import { closeSync } from "node:fs";
import { link, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type Devices, openDevices } from "./devices.ts";

let folder: string;
let devices: Devices;
let withoutWorkloads: Devices;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-devices-"));
  const listed = ["one", "two"].map((name) => ({ name, path: join(folder, name), sizeBytes: 4096n }));
  const config = create(AgentConfigSchema, { id: "guest1", dataDir: join(folder, "data"), devices: listed });
  // Of files nothing else is asked of the platform.
  const workloads = {
    holdFile: async ({ fd }: { readonly fd: number }) => ({ path: `/proc/self/fd/${fd}`, release() {} }),
  };
  devices = openDevices({ config, platform: { bootId: () => "boot", workloads }, lab: "bench" });
  withoutWorkloads = openDevices({ config, platform: { bootId: () => "boot" }, lab: "bench" });
});
afterEach(() => rm(folder, { recursive: true }));

const hashOf = async (name: string) => (await devices.list()).find(({ device }) => device.name === name)?.hash ?? "";

test("a file that has become another device's too since the agent was asked is refused when it is armed", async () => {
  const planned = await hashOf("one");
  (await devices.open("one", planned)).close();
  await link(join(folder, "one"), join(folder, "two"));
  await expect(devices.open("one", planned)).rejects.toMatchObject({
    kind: "refused",
    file: join(folder, "one"),
    message: "device one: it has 2 names (hard links), and may be somebody's file",
  });
});

test("what is put in a file's place after it was opened is not what fio gets", async () => {
  const opened = await devices.open("one", await hashOf("one"));
  await rename(join(folder, "one"), join(folder, "away"));
  await writeFile(join(folder, "one"), "precious");
  await writeFile(opened.path, "workload");
  opened.close();
  expect(await readFile(join(folder, "one"), "utf8")).toBe("precious");
  expect((await readFile(join(folder, "away"), "latin1")).slice(0, 8)).toBe("workload");
});

test("a file that cannot be closed any more ends nothing else", async () => {
  const opened = await devices.open("one", await hashOf("one"));
  const unhandled = vi.fn<() => void>();
  process.once("unhandledRejection", unhandled);
  onTestFinished(() => void process.off("unhandledRejection", unhandled));
  closeSync(Number(opened.path.split("/").at(-1))); // so that closing it fails: EBADF
  opened.close();
  // A later answer of the same pool of threads, whatever that is.
  for (let each = 0; each < 8; each++) await readFile(join(folder, "one"));
  expect(unhandled).not.toHaveBeenCalled();
});

test("a device is found by its name alone, and not armed for another plan", async () => {
  const found: Device = await devices.find("two");
  expect(found.path).toBe(join(folder, "two"));
  await expect(devices.find("three")).rejects.toMatchObject({ kind: "refused", host: "guest1" });
  await expect(devices.open("two", await hashOf("one"))).rejects.toMatchObject({ kind: "refused" });
});

test("an agent that runs no workloads opens no file: it could not give fio the very file that was checked", async () => {
  await expect(withoutWorkloads.open("one", await hashOf("one"))).rejects.toMatchObject({
    kind: "refused",
    message: "device one: this agent runs no workloads",
  });
  await expect(readFile(join(folder, "one"))).rejects.toMatchObject({ code: "ENOENT" });
});

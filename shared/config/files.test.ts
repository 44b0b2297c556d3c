import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadAgentConfig, loadLab, loadStudy } from "./files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-config-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

const AGENT = `
id: guest1
dataDir: data
fio: ../bin/fio
devices:
  - {name: a, path: disks/a.bin, size: 1GiB}
  - {name: b, path: /dev/ram0, size: 1MiB}
`;

test("an agent's relative paths start at its file's folder; absolute ones and names of programs stay", async () => {
  const config = await loadAgentConfig(await write("agent.yaml", AGENT));
  expect(config).toMatchObject({
    dataDir: join(folder, "data"),
    fio: join(folder, "../bin/fio"),
    listen: "127.0.0.1:7400",
  });
  expect(config.devices.map(({ path }) => path)).toEqual([join(folder, "disks/a.bin"), "/dev/ram0"]);
  const bare = await loadAgentConfig(await write("bare.yaml", AGENT.replace("../bin/fio", "fio")));
  expect(bare.fio).toBe("fio");
});

test("an agent listens where the command line says, else where its file says, on any address of its host", async () => {
  const file = await write("listen.yaml", `${AGENT}listen: 0.0.0.0:7400\nidentityDir: keys\n`);
  expect(await loadAgentConfig(file)).toMatchObject({ listen: "0.0.0.0:7400", identityDir: join(folder, "keys") });
  expect(await loadAgentConfig(file, { listen: "[::1]:0" })).toMatchObject({ listen: "[::1]:0" });
  await expect(loadAgentConfig(file, { listen: "nowhere" })).rejects.toThrow("--listen must be an address like");
});

test("two devices of an agent cannot be one file, however its path is written", async () => {
  const file = await write("shared.yaml", AGENT.replace("/dev/ram0", "disks/../disks/a.bin"));
  await expect(loadAgentConfig(file)).rejects.toMatchObject({
    line: 7,
    message: expect.stringContaining("disks/a.bin, which is device a's already"),
  });
});

test("a raw disk is listed by its size and two or more keys, LUN 0 included, and never by a path", async () => {
  const disk = async (device: string) =>
    loadAgentConfig(await write("disk.yaml", `id: guest1\ndataDir: data\ndevices:\n  - {name: a, ${device}}\n`));
  const key = { serial: "serial: 9f1c", wwn: "wwn: naa.6001405a9f1c2a77", lun: "iqn: iqn.2026-11.lab:ram, lun: 0" };
  const { devices } = await disk(`size: 10737418240B, disk: {${key.serial}, ${key.lun}}`);
  expect(devices).toMatchObject([
    { path: "", sizeBytes: 10_737_418_240n, disk: { serial: "9f1c", wwn: "", iqn: "iqn.2026-11.lab:ram", lun: 0 } },
  ]);
  await disk(`size: 1GiB, disk: {${key.serial}, ${key.wwn}}`);
  for (const target of ["nqn.2026-11.lab:ram", "naa.5001405000000001", "eui.0025385b21404c4d"])
    await disk(`size: 1GiB, disk: {${key.wwn}, iqn: "${target}", lun: 1}`); // as `devices list` shows them
  for (const [listed, problem] of [
    [`size: 1GiB, disk: {${key.serial}}`, "must have two or more of serial, wwn, and iqn with lun"],
    [`size: 1GiB, disk: {${key.serial}, ${key.wwn}, lun: 0}`, "must have iqn and lun together"],
    [`size: 1GiB, disk: {${key.serial}, iqn: "iqn.2026-11.lab:ram"}`, "must have iqn and lun together"],
    [
      `size: 1GiB, disk: {${key.serial}, iqn: "xqn.2026-11.lab:ram", lun: 1}`,
      "a target name like iqn.2026-11.lab:ram0",
    ],
    [`disk: {${key.serial}, ${key.wwn}}`, "size"],
    [`size: 1GiB, path: /dev/sdb, disk: {${key.serial}, ${key.wwn}}`, "must have either a path"],
    ["size: 1GiB", "must have either a path"],
  ] as const)
    await expect(disk(listed), listed).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringContaining(problem),
    });
});

test("a lab's agents have addresses of their own, with ports that exist", async () => {
  const agent = (id: string, address: string) => `  - {id: ${id}, address: "${address}", roles: [workload]}\n`;
  const good = await write("lab.yaml", `name: lab\nagents:\n${agent("a", "h:1")}${agent("b", "h:2")}`);
  expect((await loadLab(good)).message.agents).toHaveLength(2);
  const bad = await write(
    "bad.yaml",
    `name: lab\nagents:\n${agent("a", "h:1")}${agent("b", "h:1")}${agent("c", "h:65536")}`,
  );
  await expect(loadLab(bad)).rejects.toThrow(
    `${bad}:4:22: address is h:1, which is agent a's already\n${bad}:5:22: address must have a port from 1 to 65535`,
  );
});

test("a file that is not there is wrong input, and the error says what to give", async () => {
  const file = join(folder, "nothing.yaml");
  await expect(loadStudy(file)).rejects.toMatchObject({
    kind: "invalid-input",
    file,
    remedy: expect.stringContaining("a study file"),
  });
});

test("a folder, a huge file and one that is no text are refused before they are parsed", async () => {
  await mkdir(join(folder, "sub"));
  await expect(loadLab(join(folder, "sub"))).rejects.toMatchObject({
    kind: "invalid-input",
    message: "this is not a plain file",
  });
  const huge = await write("huge.yaml", new Uint8Array(4 * 1024 * 1024 + 1));
  await expect(loadLab(huge)).rejects.toMatchObject({
    kind: "invalid-input",
    message: "the file has 4194305 bytes; at most 4194304 are read",
  });
  const binary = await write("binary.yaml", new Uint8Array([0x6e, 0xff, 0xfe]));
  await expect(loadLab(binary)).rejects.toMatchObject({ kind: "invalid-input", message: "the file is not UTF-8 text" });
});

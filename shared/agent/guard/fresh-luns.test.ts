import { create } from "@bufbuild/protobuf";
import { DeviceSchema } from "@salvo/proto/lab_pb.ts";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFreshLuns, type TakenLun } from "./fresh-luns.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-fresh-"));
});
afterEach(() => rm(folder, { recursive: true }));

const file = (name: string) => join(folder, "fresh", name);

function taken(name: string, node = "8:16#5"): TakenLun {
  const disk = { serial: "9f1c2a77", wwn: "naa.6001405a9f1c2a77", iqn: "iqn.2026-11.lab:ram0", lun: 0 };
  const device = create(DeviceSchema, { name, sizeBytes: 2n ** 53n + 1n, disk });
  return { device, fresh: { uuid: "uuid-1", lab: "lab1", device: name, node } };
}

test("what was taken is listed as it was until it is removed, also by an agent that was started anew", async () => {
  const luns = openFreshLuns(folder, "boot-1");
  await luns.write(taken("lun0"));
  await luns.write(taken("lun1", "8:32#6"));
  await luns.write(taken("lun0", "8:48#7"));
  const anew = openFreshLuns(folder, "boot-1");
  expect(await anew.list()).toEqual([taken("lun0", "8:48#7"), taken("lun1", "8:32#6")]);
  await anew.remove("lun0");
  await anew.remove("lun0");
  await anew.remove("none");
  expect(await luns.list()).toEqual([taken("lun1", "8:32#6")]);
});

test("files are for this user alone, one a device", async () => {
  await openFreshLuns(folder, "boot-1").write(taken("lun0"));
  expect(await readdir(join(folder, "fresh"))).toEqual(["lun0.json"]);
  expect((await stat(join(folder, "fresh"))).mode & 0o777).toBe(0o700);
  expect((await stat(file("lun0.json"))).mode & 0o777).toBe(0o600);
});

test("what was taken before the host was started anew is not listed, and may be taken again", async () => {
  await openFreshLuns(folder, "boot-1").write(taken("lun0"));
  await openFreshLuns(folder, "boot-1").write(taken("lun1"));
  const luns = openFreshLuns(folder, "boot-2");
  expect(await luns.list()).toEqual([]);
  await luns.write(taken("lun0", "8:32#2"));
  expect(await luns.list()).toEqual([taken("lun0", "8:32#2")]);
  expect(await openFreshLuns(folder, "boot-1").list()).toEqual([taken("lun1")]);
});

test("without a folder, and with other files in it, there is nothing", async () => {
  const luns = openFreshLuns(folder, "boot-1");
  expect(await luns.list()).toEqual([]);
  await luns.remove("lun0");
  await mkdir(join(folder, "fresh"));
  await writeFile(file("lun0.json.0123456789ab.new"), "{");
  expect(await luns.list()).toEqual([]);
});

test.each([
  ["empty", () => ""],
  ["cut off", (text: string) => text.slice(0, -10)],
  ["zeros", (text: string) => "\0".repeat(text.length)],
  ["nothing", () => "null"],
  ["a number", () => "7"],
  ["a list", () => "[]"],
  ["without its boot", (text: string) => text.replace('"boot"', '"boots"')],
  ["a boot that is no text", (text: string) => text.replace('"boot-1"', "1")],
  ["without its device", (text: string) => text.replace('"device":{', '"devices":{')],
  ["a device with a field that there is not", (text: string) => text.replace('"sizeBytes"', '"size"')],
  ["a device that is no message", (text: string) => text.replace(/"device":\{.*?\}\}/, '"device":"lun0"')],
  ["without its uuid", (text: string) => text.replace('"uuid"', '"uid"')],
  ["without its lab", (text: string) => text.replace('"lab"', '"labs"')],
  ["without the device's name", (text: string) => text.replace('"device":"lun0"', '"devices":"lun0"')],
  ["an attacher that is no text", (text: string) => text.replace('"node"', '"given":{"attacher":1,"after":2},"node"')],
  ["given since nobody knows when", (text: string) => text.replace('"node"', '"given":{"attacher":"hv1"},"node"')],
  ["given by nothing", (text: string) => text.replace('"node"', '"given":null,"node"')],
  ["without its node", (text: string) => text.replace('"node":"8:16#5"', '"node":null')],
])("a file that was damaged, %s: the error names it and says what to do", async (_, damage) => {
  const luns = openFreshLuns(folder, "boot-1");
  await luns.write(taken("lun0"));
  await luns.write(taken("lun1"));
  const text = await readFile(file("lun0.json"), "utf8");
  expect(damage(text)).not.toBe(text);
  await writeFile(file("lun0.json"), damage(text));
  await expect(luns.list()).rejects.toMatchObject({
    kind: "corrupt",
    file: file("lun0.json"),
    remedy: "Remove it, then plan and apply again",
  });
  await luns.remove("lun0");
  expect(await luns.list()).toEqual([taken("lun1")]);
});

test("what cannot be read is an error that names the file: it might say something", async () => {
  const luns = openFreshLuns(folder, "boot-1");
  await mkdir(file("lun1.json"), { recursive: true });
  await expect(luns.list()).rejects.toMatchObject({
    file: file("lun1.json"),
    message: expect.stringContaining("EISDIR"),
  });
});

test("a folder that is a file is no empty list", async () => {
  await writeFile(join(folder, "fresh"), "");
  await expect(openFreshLuns(folder, "boot-1").list()).rejects.toThrow("ENOTDIR");
});

import { create } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { DeviceSchema } from "@salvo/proto/lab_pb.ts";
import { link, mkdir, mkdtemp, open, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SalvoError } from "../../kernel/error.ts";
import { run } from "../../process/run.ts";
import { checkDevices, listedDevice, prepareDevice, refuseOtherNames } from "./device.ts";

const MIB = 1024 * 1024;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-device-"));
  path = join(folder, "disk.bin");
});
afterEach(() => rm(folder, { recursive: true }));

function device(sizeBytes: number, at = path) {
  return create(DeviceSchema, { name: "disk", path: at, sizeBytes: BigInt(sizeBytes) });
}

async function allocated(): Promise<number> {
  return (await stat(path)).blocks * 512;
}

/** Closes what it gets. */
async function prepare(...what: Parameters<typeof prepareDevice>): Promise<void> {
  await (await prepareDevice(...what)).close();
}

test("a missing file is made whole: every block of it is there, and no two are equal", async () => {
  await prepare(device(9 * MIB));
  expect((await stat(path)).size).toBe(9 * MIB);
  expect(await allocated()).toBeGreaterThanOrEqual(9 * MIB);
  const bytes = await readFile(path);
  const blocks = new Set<string>();
  for (let at = 0; at < bytes.length; at += 4096) blocks.add(bytes.toString("latin1", at, at + 4096));
  expect(blocks.size).toBe((9 * MIB) / 4096);
});

test("a file that is too small grows and keeps what it had; to the byte, however little is missing", async () => {
  await writeFile(path, Buffer.alloc(8192, 7));
  for (const size of [8193, 8200, 12_288]) {
    await prepare(device(size));
    expect((await stat(path)).size).toBe(size);
  }
  expect((await readFile(path)).subarray(0, 8192).equals(Buffer.alloc(8192, 7))).toBe(true);
});

test("a file that is larger is left as it is", async () => {
  await writeFile(path, Buffer.alloc(3 * MIB, 7));
  const { mtimeNs } = await stat(path, { bigint: true });
  await prepare(device(MIB));
  expect((await stat(path, { bigint: true })).mtimeNs).toBe(mtimeNs);
  expect((await stat(path)).size).toBe(3 * MIB);
});

test("holes are filled: reading them would touch no disk", async () => {
  const file = await open(path, "w");
  await file.truncate(2 * MIB);
  await file.close();
  expect(await allocated()).toBe(0);
  await prepare(device(2 * MIB));
  expect(await allocated()).toBeGreaterThanOrEqual(2 * MIB);
});

test("a file with data and holes is somebody's: it is refused and left as it is", async () => {
  for (const at of [0, MIB, 2 * MIB - 4096]) {
    const file = await open(path, "w");
    await file.truncate(2 * MIB);
    await file.write(Buffer.alloc(4096, 7), 0, 4096, at);
    await file.close();
    const before = await readFile(path);
    await expect(prepare(device(2 * MIB))).rejects.toMatchObject({
      kind: "refused",
      message: "device disk: it has holes and data, so Salvo did not make it",
      file: path,
      remedy: expect.stringContaining("Remove the file"),
    });
    expect((await readFile(path)).equals(before)).toBe(true);
  }
});

test("a hole past the device's end is of no matter", async () => {
  await writeFile(path, Buffer.alloc(MIB, 7));
  await truncate(path, 4 * MIB);
  await prepare(device(MIB));
  expect((await stat(path)).size).toBe(4 * MIB);
});

test("two names of one file, and a file among the agent's own, are refused by name", async () => {
  const at = (name: string, to: string) => ({ ...device(4096, to), name });
  const configOf = (...devices: ReturnType<typeof at>[]) =>
    create(AgentConfigSchema, { id: "guest1", dataDir: join(folder, "data"), devices });
  await mkdir(join(folder, "data"));
  await symlink(folder, join(folder, "here"));
  const missing = configOf(at("one", path), at("two", join(folder, "here/disk.bin")));
  await expect(checkDevices(missing)).rejects.toMatchObject({
    kind: "refused",
    message: `devices one and two are one file: ${join(folder, "here/disk.bin")}`,
    remedy: expect.stringContaining("file of its own"),
  });
  await writeFile(path, "x");
  await link(path, join(folder, "hard"));
  await symlink(path, join(folder, "soft"));
  for (const name of ["hard", "soft"])
    await expect(checkDevices(configOf(at("one", path), at("two", join(folder, name))))).rejects.toMatchObject({
      message: `devices one and two are one file: ${join(folder, name)}`,
    });
  for (const inside of ["data/journal", "here/data/runs/x"])
    await expect(checkDevices(configOf(at("one", join(folder, inside))))).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("is in the agent's own data folder"),
    });
  await checkDevices(configOf(at("one", path), at("two", join(folder, "other"))));
});

test("what is not a plain file is refused and left alone", async () => {
  const target = join(folder, "target");
  await writeFile(target, "precious");
  await symlink(target, path);
  await mkdir(join(folder, "directory"));
  await run("mkfifo", [join(folder, "fifo")]);
  for (const at of [path, join(folder, "directory"), join(folder, "fifo"), "/dev/null"]) {
    await expect(prepare(device(4096, at)), at).rejects.toMatchObject({
      kind: "refused",
      message: `device disk: ${at} is not a plain file`,
      remedy: expect.stringContaining("name a file"),
    });
  }
  expect(await readFile(target, "utf8")).toBe("precious");
});

test("a file that has a second name may be somebody's, and is left alone", async () => {
  await writeFile(join(folder, "first"), "precious");
  await link(join(folder, "first"), path);
  await expect(prepare(device(8192))).rejects.toMatchObject({
    kind: "refused",
    message: "device disk: it has 2 names (hard links), and may be somebody's file",
  });
  expect(await readFile(path, "utf8")).toBe("precious");
});

test("a file whose name here came and went while it was opened is somebody's, whatever has the name by now", async () => {
  const victim = join(folder, "victim");
  await writeFile(victim, "precious");
  await link(victim, path);
  await using file = await open(path, "r+");
  await expect(refuseOtherNames(file, path)).rejects.toMatchObject({ message: expect.stringContaining("2 names") });
  await rm(path);
  expect((await file.stat()).nlink, "of that alone nothing could be told").toBe(1);
  const exchanged = { kind: "refused", message: expect.stringContaining("it was exchanged while it was opened") };
  await expect(refuseOtherNames(file, path)).rejects.toMatchObject(exchanged);
  await writeFile(path, "another");
  await expect(refuseOtherNames(file, path)).rejects.toMatchObject(exchanged);
  await rm(path);
  await symlink(victim, path);
  await expect(refuseOtherNames(file, path)).rejects.toMatchObject(exchanged);
  await refuseOtherNames(file, victim);
  await rm(victim);
  await expect(refuseOtherNames(file, victim)).rejects.toMatchObject(exchanged);
});

test("a folder that is missing is named, with what to do", async () => {
  const at = join(folder, "none/disk.bin");
  await expect(prepare(device(4096, at))).rejects.toMatchObject({
    kind: "not-found",
    message: expect.stringContaining("device disk: "),
    file: at,
    remedy: expect.stringContaining("Make the folder"),
  });
});

test("where there is no room it says so, and what to do", async () => {
  // A limit of the process stands for a full disk: it needs no rights, and fails the same write.
  const script = join(import.meta.dirname, "device.fixture.ts");
  const limited = [`--fsize=${MIB}`, process.execPath, script, path, String(2 * MIB)];
  const { stdout } = await run("prlimit", limited, { timeoutMs: 30_000 });
  expect(JSON.parse(stdout)).toMatchObject({
    kind: "out-of-resources",
    message: expect.stringContaining("device disk: EFBIG"),
    file: path,
    remedy: "Free space there, or make the device smaller in the agent's file.",
  });
});

test("filling ends when it is asked to, with the reason", async () => {
  const reason = new SalvoError("cancelled", "run r was ended");
  const stopped = prepare(device(64 * MIB), { signal: AbortSignal.abort(reason) });
  await expect(stopped).rejects.toMatchObject({ kind: "cancelled", message: "device disk: run r was ended" });
  expect((await stat(path)).size).toBe(0);
});

test("only what the agent's own file lists is a device", () => {
  const config = create(AgentConfigSchema, { id: "guest1", devices: [device(4096)] });
  expect(listedDevice(config, "disk").path).toBe(path);
  for (const name of ["Disk", path, "", "disk "]) {
    expect(() => listedDevice(config, name)).toThrow(
      expect.objectContaining({ kind: "refused", remedy: expect.stringContaining("Listed: disk.") }),
    );
  }
  const none = create(AgentConfigSchema, { id: "guest1" });
  expect(() => listedDevice(none, "disk")).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining("Listed: none.") }),
  );
});

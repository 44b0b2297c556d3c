import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findDisk } from "./disk.ts";

let folder: string;
let file: string;
let sys: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-disk-"));
  file = join(folder, "file");
  sys = join(folder, "sys");
  await writeFile(file, "x");
});
afterEach(() => rm(folder, { recursive: true }));

/** Makes files below /sys. */
async function make(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(sys, name, ".."), { recursive: true });
    await writeFile(join(sys, name), text);
  }
}

/** So many reads of 4 KiB and no writes. */
const stat = (reads: number) => `${reads} 0 ${reads * 8} ${reads} 0 0 0 0 0 ${reads} ${reads}\n`;

/** The file's disk is that folder of /sys/devices. */
async function holdFileOn(device: string): Promise<void> {
  // dev_t as stat(1) prints it: %Hd:%Ld. Recomputed here the other way round, from bytes.
  const { dev } = statSync(file);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(dev));
  const major = ((bytes[2]! & 0x0f) << 8) | bytes[1]!;
  const minor = bytes[0]! | ((bytes[2]! >> 4) << 8) | (bytes[3]! << 12);
  await mkdir(join(sys, "dev/block"), { recursive: true });
  await symlink(`../../devices/${device}`, join(sys, "dev/block", `${major}:${minor}`));
}

const readsOf = (read: ReturnType<typeof findDisk>) => read?.()?.reads;

test("a file is found on the disk that its device number names", async () => {
  await make({ "devices/pci/block/sda/stat": stat(3) });
  await holdFileOn("pci/block/sda");
  expect(readsOf(findDisk(file, sys))).toBe(3);
  expect(findDisk(file, join(folder, "another"))).toBeUndefined();
});

test("a partition has counters of its own, and a disk that is gone has none", async () => {
  await make({ "devices/pci/block/sda/sda1/stat": stat(2), "devices/pci/block/sda/sda1/partition": "1\n" });
  await make({ "devices/pci/block/sda/stat": stat(5), "devices/pci/block/sda/mq/0/cpu_list": "0\n" });
  await holdFileOn("pci/block/sda/sda1");
  const read = findDisk(file, sys);
  expect(readsOf(read)).toBe(2);
  await rm(join(sys, "devices/pci/block/sda"), { recursive: true });
  expect(read?.()).toBeUndefined();
});

test("a head of NVMe paths that counts nothing has the sum of its paths", async () => {
  const subsystem = "devices/virtual/nvme-subsystem/nvme-subsys0";
  await make({ [`${subsystem}/nvme0n1/stat`]: stat(0), [`${subsystem}/nvme0n1/queue/iostats`]: "0\n" });
  await make({ [`${subsystem}/nvme0/nvme0c0n1/stat`]: stat(10) });
  await holdFileOn("virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
  const read = findDisk(file, sys);
  await make({ [`${subsystem}/nvme0/nvme0c0n1/stat`]: stat(17) });
  expect(readsOf(read)).toBe(7);
});

test("a partition of a head that counts nothing is not known, as paths do not tell partitions apart", async () => {
  const head = "devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1";
  await make({ [`${head}/stat`]: stat(0), [`${head}/queue/iostats`]: "1\n" });
  await make({ [`${head}/nvme0n1p1/stat`]: stat(0), [`${head}/nvme0n1p1/partition`]: "1\n" });
  await holdFileOn("virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1");
  expect(findDisk(file, sys)).toBeUndefined();
  await make({ [`${head}/stat`]: stat(4) });
  expect(readsOf(findDisk(file, sys))).toBe(0);
  await make({ [`${head}/queue/iostats`]: "0\n" });
  expect(findDisk(file, sys), "counting was switched off since").toBeUndefined();
});

test("counters that somebody switched off are not known", async () => {
  await make({ "devices/pci/block/sda/stat": stat(5), "devices/pci/block/sda/mq/0/cpu_list": "0\n" });
  await make({ "devices/pci/block/sda/queue/iostats": "0\n" });
  await holdFileOn("pci/block/sda");
  expect(findDisk(file, sys)).toBeUndefined();
  await make({ "devices/pci/block/sda/queue/iostats": "1\n" });
  expect(readsOf(findDisk(file, sys))).toBe(5);
});

test("a driver without the block layer's queues may count although the switch is off, which its counts tell", async () => {
  await make({ "devices/virtual/block/bcache0/stat": stat(5), "devices/virtual/block/bcache0/queue/iostats": "0\n" });
  await holdFileOn("virtual/block/bcache0");
  expect(readsOf(findDisk(file, sys))).toBe(5);
  await make({ "devices/virtual/block/bcache0/stat": stat(0) });
  expect(findDisk(file, sys)).toBeUndefined();
});

test("a stacked device counts for itself, and is not known when only its members count", async () => {
  await make({ "devices/virtual/block/md0/stat": stat(0), "devices/pci/block/sda/stat": stat(100) });
  await mkdir(join(sys, "devices/virtual/block/md0/slaves"));
  await symlink("../../../../pci/block/sda", join(sys, "devices/virtual/block/md0/slaves/sda"));
  await holdFileOn("virtual/block/md0");
  const read = findDisk(file, sys);
  expect(readsOf(read), "nobody has done anything yet").toBe(0);
  await make({ "devices/pci/block/sda/stat": stat(150) });
  expect(read?.()).toBeUndefined();
  await make({ "devices/virtual/block/md0/stat": stat(1) });
  expect(readsOf(read)).toBe(1);
});

test("what lives in memory has no disk", () => {
  expect(findDisk("/proc/self/stat")).toBeUndefined();
});

test("the live counters of this machine can be read, where there are any", () => {
  const read = findDisk(tmpdir());
  const { dev } = statSync(tmpdir());
  const known = existsSync(`/sys/dev/block/${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`);
  expect(read !== undefined).toBe(known);
  if (read) expect(read()?.writes).toBeLessThanOrEqual(read()?.writes ?? -1);
});

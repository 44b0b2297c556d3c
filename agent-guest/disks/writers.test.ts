import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findWriters } from "./writers.ts";

// Processes and loop devices: e2e/disk-guard.e2e.ts. Here a disk of this host, whatever it is, in folders like /proc and /sys.
const disk = readdirSync("/sys/block").find((name) => existsSync(join("/dev", name))) ?? "";
const number = readFileSync(join("/sys/block", disk, "dev"), "latin1").trim();
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "salvo-writers-"));
  await mkdir(join(root, "proc"));
  await mkdir(join(root, "sys/dev/block", number), { recursive: true });
  await writeFile(join(root, "sys/dev/block", number, "dev"), `${number}\n`);
});
afterEach(() => rm(root, { recursive: true }));

const writers = () => findWriters(number, join(root, "proc"), join(root, "sys"));

async function file(path: string, text: string): Promise<void> {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), text);
}

/** flags: as fdinfo has them, octal. */
async function process(pid: number, device: string, flags: string): Promise<void> {
  await file(`proc/${pid}/comm`, "qemu\n");
  await file(`proc/${pid}/fdinfo/3`, `pos:\t0\nflags:\t${flags}\nmnt_id:\t7\n`);
  await mkdir(join(root, `proc/${pid}/fd`));
  await symlink(device, join(root, `proc/${pid}/fd/3`));
}

test("who writes to it is told, who only reads it or has something else open is not", async () => {
  await process(10, join("/dev", disk), "02100002");
  await process(11, join("/dev", disk), "02100001");
  await process(12, join("/dev", disk), "02100000");
  await process(13, "/dev/null", "02100002");
  await file("proc/14/comm", "has no files\n");
  expect(writers()).toEqual(["qemu (pid 10)", "qemu (pid 11)"]);
});

test("what the kernel itself exports or maps is told", async () => {
  await file("sys/block/loop9/loop/backing_file", `${join("/dev", disk)}\n`);
  await file("sys/block/loop8/loop/backing_file", "/srv/image\n");
  const subsystems = "sys/kernel/config/nvmet/subsystems";
  await file(`${subsystems}/nqn.x/namespaces/1/device_path`, `${join("/dev", disk)}\n`);
  await file(`${subsystems}/nqn.y/namespaces/1/device_path`, "/srv/image\n");
  expect(writers()).toEqual(["the loop device loop9", "the NVMe target nqn.x"]);
});

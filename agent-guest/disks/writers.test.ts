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

/** flags: as fdinfo has them, octal. mount: the type of what is mounted there, and its source. */
async function process(pid: number, device: string, flags: string, mount?: string): Promise<void> {
  await file(`proc/${pid}/comm`, "qemu\n");
  await file(`proc/${pid}/fdinfo/3`, `pos:\t0\nflags:\t${flags}\nmnt_id:\t${pid}7\n`);
  if (mount !== undefined) await file(`proc/${pid}/mountinfo`, `${pid}7 1 0:9 / / rw - ${mount} rw\n`);
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

test("a node of it is seen wherever it is, but no file is looked at where that could hang", async () => {
  const node = join(root, "jail/drive");
  await mkdir(join(root, "jail"));
  await symlink(join("/dev", disk), node); // leads there, as a node does that mknod made
  await process(20, node, "02100002", "ext4 /dev/vda1");
  await process(21, node, "02100000", "ext4 /dev/vda1");
  await process(22, node, "02100002"); // mounted nowhere: what it is cannot be known
  const far = ["nfs4 10.0.0.1:/srv", "nfs host", "fuse.sshfs x", "fuseblk /dev/sdz1", "cifs //host/share", "9p share"];
  far.push("odd server:/export", "odd //server/share");
  for (const [index, mount] of far.entries()) await process(30 + index, node, "02100002", mount);
  expect(writers()).toEqual(["qemu (pid 20)"]);
});

test("what this agent has mounted tells about files of others too, in whose own list they are not any more", async () => {
  const node = join(root, "drive");
  await symlink(join("/dev", disk), node);
  await process(20, node, "02100002", "tmpfs tmpfs");
  await process(21, node, "02100002");
  expect(writers()).toEqual(["qemu (pid 20)"]);
  await file("proc/self/mountinfo", "217 1 0:9 / / rw - devtmpfs devtmpfs rw\n");
  expect(writers()).toEqual(["qemu (pid 20)", "qemu (pid 21)"]);
});

test("the kernel's own exports are not looked at either where that could hang", async () => {
  const at = join(root, "export");
  await mkdir(at);
  await symlink(join("/dev", disk), join(at, "drive"));
  await file("sys/block/loop9/loop/backing_file", `${join(at, "drive")}\n`);
  const mounts = (type: string) =>
    file("proc/self/mountinfo", `1 1 8:1 / / rw - ext4 /dev/vda1 rw\n2 1 0:9 / ${at} rw - ${type} rw\n`);
  await mounts("nfs4 host:/srv");
  expect(writers()).toEqual([]);
  await mounts("xfs /dev/vdb");
  expect(writers()).toEqual(["the loop device loop9"]);
});

// Of /dev/null's number, as there is no other character device on every host.
test.for(["scsi_generic/sg3", "bsg/3:0:0:5"])("who has %s of it open to write to it is told", async (generic) => {
  await mkdir(join(root, "sys/devices/3:0:0:5"), { recursive: true });
  await symlink(join(root, "sys/devices/3:0:0:5"), join(root, "sys/dev/block", number, "device"));
  await file(`sys/class/${generic}/dev`, "1:3\n");
  await process(10, "/dev/null", "02100002");
  await process(11, "/dev/null", "02100000");
  expect(writers()).toEqual([]);
  await symlink(join(root, "sys/devices/3:0:0:5"), join(root, `sys/class/${generic}/device`));
  expect(writers()).toEqual(["qemu (pid 10)"]);
});

test("of NVMe's generic devices that of the same namespace is it", async () => {
  await rm(join(root, "sys/dev/block", number), { recursive: true });
  await file("sys/devices/nvme-subsys0/nvme0n2/dev", `${number}\n`);
  await symlink(join(root, "sys/devices/nvme-subsys0"), join(root, "sys/devices/nvme-subsys0/nvme0n2/device"));
  await symlink(join(root, "sys/devices/nvme-subsys0/nvme0n2"), join(root, "sys/dev/block", number));
  await process(10, "/dev/null", "02100002");
  for (const [generic, found] of [
    ["ng0n1", []],
    ["ng0n2", ["qemu (pid 10)"]],
  ] as const) {
    await file(`sys/class/nvme-generic/${generic}/dev`, "1:3\n");
    await symlink(join(root, "sys/devices/nvme-subsys0"), join(root, `sys/class/nvme-generic/${generic}/device`));
    expect(writers(), generic).toEqual(found);
  }
});

test("who writes to a path of a multipath map beside it is told", async () => {
  const map = join(root, "sys/dev/block/253:9");
  await mkdir(join(map, "slaves"), { recursive: true });
  await writeFile(join(map, "dev"), "253:9\n");
  await symlink(join(root, "sys/dev/block", number), join(map, "slaves", disk));
  await process(10, join("/dev", disk), "02100002");
  expect(findWriters("253:9", join(root, "proc"), join(root, "sys"))).toEqual(["qemu (pid 10)"]);
});

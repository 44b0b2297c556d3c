/** On folders made as Linux makes those of SCSI, iSCSI, NVMe and virtio disks. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identifyDisks } from "./identity.ts";
import { disksBelow, partsOf } from "./use.ts";

let sys: string;
beforeEach(async () => {
  sys = await mkdtemp(join(tmpdir(), "salvo-sys-"));
  await mkdir(join(sys, "block"));
  await mkdir(join(sys, "dev/block"), { recursive: true });
});
afterEach(() => rm(sys, { recursive: true }));

async function files(folder: string, content: Record<string, string | Buffer>): Promise<void> {
  for (const [name, text] of Object.entries(content)) {
    const path = join(sys, folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** A block device with its links from block/ (not of a partition) and dev/block/. */
async function disk(folder: string, dev: string, content: Record<string, string | Buffer> = {}): Promise<void> {
  await files(folder, { dev: `${dev}\n`, size: "131072\n", ...content });
  await mkdir(join(sys, folder, "slaves"), { recursive: true });
  await symlink(join(sys, folder), join(sys, "dev/block", dev));
  if (!("partition" in content)) await symlink(join(sys, folder), join(sys, "block", folder.split("/").at(-1) ?? ""));
}

const only = () => {
  const [found, ...more] = identifyDisks(sys);
  expect(more).toEqual([]);
  return found;
};

test("an iSCSI disk: serial number from VPD page 0x80, NAA identifier, target and LUN", async () => {
  const device = "devices/platform/host3/session7/target3:0:0/3:0:0:5";
  await disk(`${device}/block/sdb`, "8:16", { diskseq: "42\n" });
  const page = Buffer.concat([Buffer.from([0, 0x80, 0, 12]), Buffer.from("9f1c2a77    "), Buffer.from("rest")]);
  await files(device, { vpd_pg80: page, wwid: "naa.6001405a9f1c2a77\n", model: "RAMDISK-MCP     \n" });
  await symlink(join(sys, device), join(sys, device, "block/sdb/device"));
  await files("class/iscsi_session/session7", { targetname: "iqn.2026-11.lab:ram0\n" });
  expect(only()).toEqual({
    path: "/dev/sdb",
    model: "RAMDISK-MCP",
    node: "8:16#42",
    serial: { value: "9f1c2a77" },
    wwn: { value: "naa.6001405a9f1c2a77" },
    target: { value: { iqn: "iqn.2026-11.lab:ram0", lun: 5 } },
    sessions: ["session7"],
    sizeBytes: { value: 67_108_864n },
  });
});

test("a multipath map of Salvo's or others' has the identity of its paths, as long as they have one", async () => {
  for (const [name, session, serial] of [
    ["sdb", "session1", "9f1c2a77"],
    ["sdc", "session2", "9f1c2a77"],
  ] as const) {
    const device = `devices/host1/${session}/target1:0:0/1:0:0:5`;
    await disk(`${device}/block/${name}`, name === "sdb" ? "8:16" : "8:32");
    await files(device, { serial: `${serial}\n`, wwid: "naa.6001405a9f1c2a77\n" });
    await symlink(join(sys, device), join(sys, device, `block/${name}/device`));
    await files(`class/iscsi_session/${session}`, { targetname: "iqn.2026-11.lab:ram0\n" });
  }
  await disk("devices/virtual/block/dm-0", "253:0", { "dm/uuid": "mpath-x\n", diskseq: "9\n" });
  for (const [name, session] of [
    ["sdb", "session1"],
    ["sdc", "session2"],
  ])
    await symlink(
      join(sys, `devices/host1/${session}/target1:0:0/1:0:0:5/block/${name}`),
      join(sys, `devices/virtual/block/dm-0/slaves/${name}`),
    );
  const map = () => identifyDisks(sys).find(({ path }) => path === "/dev/dm-0");
  expect(map()).toMatchObject({
    node: "253:0#9",
    serial: { value: "9f1c2a77" },
    target: { value: { iqn: "iqn.2026-11.lab:ram0", lun: 5 } },
    paths: ["/dev/sdb", "/dev/sdc"],
  });
  await writeFile(join(sys, "devices/host1/session2/target1:0:0/1:0:0:5/serial"), "another\n");
  expect(map()).toMatchObject({ serial: { value: "" }, target: { value: undefined }, paths: [] });
});

test("a disk of LIO's loopback has the name of its target, by its address", async () => {
  await disk("devices/tcm_loop_0/tcm_loop_adapter_0/host0/target0:0:1/0:0:1:3/block/sda", "8:0");
  await files("kernel/config/target/loopback/naa.5001405000000001/tpgt_1", { address: "0:0:0\n" });
  await files("kernel/config/target/loopback/naa.5001405000000002/tpgt_1", { address: "0:0:1\n" });
  expect(only()).toMatchObject({ target: { value: { iqn: "naa.5001405000000002", lun: 3 } }, sessions: [] });
});

test("NVMe over a fabric: its subsystem's name, and a serial number that tells its disks apart", async () => {
  const subsystem = "devices/virtual/nvme-subsystem/nvme-subsys0";
  await files(subsystem, { serial: "38aa6d45866448ab652e\n", subsysnqn: "nqn.2026-11.lab:x\n" });
  await files(`${subsystem}/nvme0`, { transport: "tcp\n" });
  await files(`${subsystem}/nvme1`, { transport: "tcp\n" });
  await disk(`${subsystem}/nvme0n2`, "259:1", { nsid: "2\n", wwid: "uuid.0\n" });
  await symlink(join(sys, subsystem), join(sys, subsystem, "nvme0n2/device"));
  expect(only()).toMatchObject({
    serial: { value: "38aa6d45866448ab652e-2" },
    target: { value: { iqn: "nqn.2026-11.lab:x", lun: 2 } },
    sessions: ["nvme0", "nvme1"],
  });
  await writeFile(join(sys, subsystem, "nvme0/transport"), "pcie\n");
  await writeFile(join(sys, subsystem, "nvme1/transport"), "pcie\n");
  expect(only()).toMatchObject({ target: { value: undefined } });
});

test("an NVMe namespace: the controller's serial number, its own identifier", async () => {
  await disk("devices/pci0/nvme/nvme0/nvme0n1", "259:0", { wwid: "eui.0025385b21404c4d\n" });
  await files("devices/pci0/nvme/nvme0", { serial: "S4EWNX0R  \n", model: "Fast\n" });
  await symlink(join(sys, "devices/pci0/nvme/nvme0"), join(sys, "devices/pci0/nvme/nvme0/nvme0n1/device"));
  expect(only()).toMatchObject({
    path: "/dev/nvme0n1",
    model: "Fast",
    node: "259:0",
    serial: { value: "S4EWNX0R" },
    wwn: { value: "eui.0025385b21404c4d" },
    target: { value: undefined },
  });
});

test("a disk tells its logical sector, where the kernel does", async () => {
  await disk("devices/pci0/block/sda", "8:0");
  expect(only()).not.toHaveProperty("sectorBytes");
  await files("devices/pci0/block/sda", { "queue/logical_block_size": "4096\n" });
  expect(only()).toMatchObject({ sectorBytes: 4096 });
});

test("a virtio disk has a serial number at most; what cannot be read is unknown, not absent", async () => {
  await disk("devices/virtio0/block/vda", "254:0", { serial: "disk-1\0\0" });
  expect(only()).toMatchObject({ serial: { value: "disk-1" }, wwn: { value: "" } });
  await rm(join(sys, "devices/virtio0/block/vda/serial"));
  await mkdir(join(sys, "devices/virtio0/block/vda/serial"));
  expect(only()).toMatchObject({ serial: { unknown: expect.stringContaining("EISDIR") } });
});

test("an iSCSI disk whose session is gone has a target that nobody knows", async () => {
  await disk("devices/session7/target3:0:0/3:0:0:5/block/sdb", "8:16");
  expect(only()).toMatchObject({ target: { unknown: expect.stringContaining("ENOENT") } });
});

test("the disks below a volume are found through arrays and partitions", async () => {
  await disk("devices/a/sda", "8:0");
  await disk("devices/a/sda/sda1", "8:1", { partition: "1\n" });
  await disk("devices/b/sdb", "8:16");
  await disk("devices/virtual/block/md0", "9:0");
  await disk("devices/virtual/block/dm-0", "253:0");
  await symlink(join(sys, "devices/a/sda/sda1"), join(sys, "devices/virtual/block/md0/slaves/sda1"));
  await symlink(join(sys, "devices/b/sdb"), join(sys, "devices/virtual/block/md0/slaves/sdb"));
  await symlink(join(sys, "devices/virtual/block/md0"), join(sys, "devices/virtual/block/dm-0/slaves/md0"));
  expect(disksBelow("253:0", sys)).toEqual(["8:0", "8:16"]);
  expect(disksBelow("8:1", sys)).toEqual(["8:0"]);
  expect(disksBelow("0:31", sys)).toEqual([]); // overlay
  expect(partsOf(join(sys, "devices/a/sda")).map(({ name, number }) => [name, number])).toEqual([
    ["sda", "8:0"],
    ["sda1", "8:1"],
  ]);
});

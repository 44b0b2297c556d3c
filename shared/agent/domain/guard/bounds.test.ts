/** The guard's constants and comparisons, each at the last value that passes and the first that does not. */
import { crc32c } from "@node-rs/crc32";
import { expect, test } from "vitest";
import { CASES } from "./cases.fixture.ts";
import { DISK_BYTES, identity, LABEL, LISTED, OTHER, PLAN, question, USE } from "./disk.fixture.ts";
import { known } from "./facts.ts";
import { findListed } from "./identity.ts";
import { judge, type Question } from "./judge.ts";
import { encodeLabel, LABEL_BYTES, parseLabel, readLabel, RESERVED_BYTES } from "./label.ts";
import { signatureRefusals } from "./signatures.ts";

const codes = (asked: Question) => judge(asked).map(({ code }) => code);

test("a workload may have every byte from the second MiB to the disk's last, and none more", () => {
  const region = (firstByte: bigint, sizeBytes: bigint) =>
    codes(question({}, { purpose: { ...USE, plan: { ...PLAN, firstByte, sizeBytes } } }));
  expect(RESERVED_BYTES).toBe(1_048_576n);
  const usable = DISK_BYTES - RESERVED_BYTES;
  for (const [first, size] of [
    [RESERVED_BYTES, usable],
    [RESERVED_BYTES, 1n],
    [DISK_BYTES - 1n, 1n],
  ] as const)
    expect(region(first, size)).toEqual([]);
  for (const [first, size] of [
    [RESERVED_BYTES - 1n, 1n],
    [RESERVED_BYTES, usable + 1n],
    [RESERVED_BYTES + 1n, usable],
    [DISK_BYTES, 1n],
    [RESERVED_BYTES, 0n],
    [RESERVED_BYTES, -1n],
    [0n, DISK_BYTES],
  ] as const)
    expect(region(first, size), `${size} from ${first}`).toEqual(["region"]);
});

test("three keys are enough, the size among them, and any two of the others", () => {
  const { sizeBytes, serial, wwn, target } = LISTED;
  for (const listed of [
    { sizeBytes, serial, wwn },
    { sizeBytes, serial, target },
    { sizeBytes, wwn, target },
  ])
    expect(codes(question({}, { listed }))).toEqual([]);
  for (const listed of [
    { sizeBytes, serial },
    { sizeBytes, wwn },
    { sizeBytes, target },
  ])
    expect(codes(question({}, { listed }))).toEqual(["identity-thin"]);
  expect(codes(question({}, { listed: { sizeBytes, serial, wwn: "naa." } }))).toEqual(["identity-thin"]);
  const empty = question({ identity: identity({ sizeBytes: known(0n) }) }, { listed: { ...LISTED, sizeBytes: 0n } });
  expect(codes(empty)).toEqual(["identity-thin", "region"]);
});

test("what kind of WWN it is, its case and the space around it say nothing; in a serial number everything does", () => {
  const wwn = (text: string) => codes(question({ identity: identity({ wwn: known(text) }) }));
  for (const kind of ["naa.", "eui.", "nvme.", "uuid.", "0x", ""]) {
    expect(wwn(`${kind}6001405a9f1c2a77`)).toEqual([]);
    expect(wwn(` ${kind.toUpperCase()}6001405A9F1C2A77 `)).toEqual([]);
  }
  for (const other of ["6001405a9f1c2a770", "6001405anaa.9f1c2a77", "naa.naa.6001405a9f1c2a77"])
    expect(wwn(other), other).toEqual(["identity-mismatch"]);
  const serial = (text: string) => codes(question({ identity: identity({ serial: known(text) }) }));
  expect(serial(" 9f1c2a77\t")).toEqual([]);
  for (const other of ["9F1C2A77", "naa.9f1c2a77", "0x9f1c2a77", "9f1c2a7", "9f1c2a777"])
    expect(serial(other), other).toEqual(["identity-mismatch"]);
});

test("a label's text has at most 400 bytes, its version is 1, and all of it is texts", () => {
  const fixed = Buffer.byteLength(JSON.stringify({ ...LABEL, device: "" }));
  const longest = { ...LABEL, device: "d".repeat(400 - fixed) };
  expect(readLabel(encodeLabel(longest))).toEqual({ type: "label", label: longest });
  expect(() => encodeLabel({ ...LABEL, device: `${longest.device}d` })).toThrow("a label of 401 bytes");
  expect(readLabel(altered((block) => block.writeUInt32LE(401, 20)))).toEqual({
    type: "damaged",
    why: "its length is 401",
  });
  expect(readLabel(altered((block) => block.writeUInt32LE(2, 16)))).toEqual({
    type: "damaged",
    why: "its version 2 is unknown",
  });
  expect(readLabel(altered((block) => block.write("[", 24)))).toMatchObject({ why: "its text has an unknown form" });
  expect(readLabel(encodeLabel(LABEL).subarray(0, LABEL_BYTES - 1))).toMatchObject({ why: "it is cut off" });
  const flipped = encodeLabel(LABEL);
  flipped[30] = 0;
  expect(readLabel(flipped)).toMatchObject({ why: "its checksum is wrong" });
  for (const key of ["uuid", "lab", "device"])
    expect(parseLabel(JSON.stringify({ ...LABEL, [key]: 1 }))).toBe(undefined);
});

/** A label with a checksum that is right. */
function altered(change: (block: Buffer) => unknown): Buffer {
  const block = encodeLabel(LABEL);
  const end = 24 + block.readUInt32LE(20);
  change(block);
  block.writeUInt32LE(crc32c(block.subarray(0, end)), end);
  return block;
}

test.for([
  ["partition-table", "dos gpt PMBR bsd sun sgi mac minix-pt ultrix solaris-x86 unixware atari hidden"],
  ["lvm", "LVM1_member LVM2_member"],
  ["md-raid", "linux_raid_member ddf_raid_member isw_raid_member"],
  ["zfs", "zfs_member"],
  ["ceph", "ceph_bluestore"],
  ["bcache", "bcache bcacheset"],
  ["swap-signature", "swap swsuspend"],
  ["multipath", "mpath_member"],
] as const)("%s is what bears any of: %s", ([code, types]) => {
  for (const type of types.split(" ")) {
    const found = (type: string) => signatureRefusals([{ type, offset: 1n }]).map((each) => each.code);
    expect(found(type)).toEqual([code]);
    expect(found(`x${type}`)).toEqual(["signature"]);
    if (code !== "bcache") expect(found(`${type}x`)).toEqual(["signature"]);
  }
});

test("several disks that could be meant are all named", () => {
  const twin = { ...OTHER, serial: known("9f1c2a77") };
  expect(findListed(LISTED, [identity(), twin])).toMatchObject({
    refusal: {
      message:
        "serial 9f1c2a77, WWN naa.6001405a9f1c2a77, target iqn.2026-11.lab:ram0 LUN 3, 67108864 B points at /dev/sdb, /dev/sda",
    },
  });
  expect(findListed({ sizeBytes: 1n, serial: "x" }, [OTHER])).toMatchObject({
    refusal: { message: "no disk here is serial x, 1 B" },
  });
});

test("what people read says which disk, what is wrong with it, and where", () => {
  const words = CASES.map(([code, , what, asked]) => `${code}, ${what}: ${judge(asked)[0]?.message}`);
  expect(words.join("\n")).toMatchInlineSnapshot(`
    "identity-thin, two keys: serial 9f1c2a77, 67108864 B are too few keys
    identity-mismatch, serial: /dev/sdb is another disk: its serial is 9f1c2a78, not 9f1c2a77
    identity-mismatch, no serial: /dev/sdb is another disk: its serial is none, not 9f1c2a77
    identity-mismatch, WWN: /dev/sdb is another disk: its wwn is naa.5, not naa.6001405a9f1c2a77
    identity-mismatch, LUN: /dev/sdb is another disk: its target is iqn.2026-11.lab:ram0 LUN 4, not iqn.2026-11.lab:ram0 LUN 3
    identity-mismatch, no target: /dev/sdb is another disk: its target is none, not iqn.2026-11.lab:ram0 LUN 3
    cannot-tell, serial: identity could not be found out: serial (no permission)
    cannot-tell, WWN: identity could not be found out: wwn (no permission)
    cannot-tell, target: identity could not be found out: target (no permission)
    size-mismatch, larger: /dev/sdb has 67109376 B, not 67108864 B
    cannot-tell, size: size could not be found out: no permission
    ambiguous, serial: /dev/sdb shares its serial with /dev/sda
    ambiguous, WWN: /dev/sdb shares its wwn with /dev/sda
    ambiguous, LUN: /dev/sdb shares its target with /dev/sda
    cannot-tell, another's serial: whether it is the only one could not be found out: serial of /dev/sda (no permission)
    multipath, a map: is a path of the multipath map dm-3
    mounted, one mount: is mounted at /mnt
    swap, swap: is swap: /dev/sdb1
    system, root: holds the running system's /
    partitioned, a partition: has the partitions sdb1
    held, a volume: is part of dm-0
    busy, held open: is in exclusive use by another program
    open-elsewhere, a virtual machine: is open for writing in qemu (pid 7)
    read-only, read-only: is read-only
    removable, removable: is removable
    partition-table, gpt: bears a partition table: gpt at byte 1080
    partition-table, dos: bears a partition table: dos at byte 1080
    lvm, LVM: bears an LVM physical volume: LVM2_member at byte 1080
    md-raid, md: bears a member of a RAID array: linux_raid_member at byte 1080
    zfs, ZFS: bears a member of a ZFS pool: zfs_member at byte 1080
    ceph, Ceph: bears a Ceph OSD: ceph_bluestore at byte 1080
    bcache, bcache: bears a bcache device: bcache at byte 1080
    swap-signature, swap: bears a swap area: swap at byte 1080
    multipath, a member: bears a multipath member: mpath_member at byte 1080
    signature, ext4: bears a signature: ext4 at byte 1080
    signature, what nobody knows: bears a signature: newfs at byte 1080
    unknown-content, data: has data in its first MiB that is not a label of Salvo's
    label-missing, blank: has no label of Salvo's
    label-damaged, damaged: has a label that is damaged: checksum
    label-device, device: is claimed as device lun1 of lab lab1 (uuid-1)
    already-claimed, claim: is claimed as device lun0 of lab lab1 (uuid-1)
    unknown-content, claim: has data in its first MiB that is not a label of Salvo's
    label-missing, release: has no label of Salvo's
    label-lab, the label's: is claimed as device lun0 of lab lab2 (uuid-1), but this agent belongs to lab lab1, and this agent claimed it for lab lab1
    label-lab, the run's: is claimed as device lun0 of lab lab1 (uuid-1), but this agent belongs to lab lab2
    label-uuid, uuid: bears label uuid-2, this agent wrote uuid-1
    not-claimed, not by us: is claimed as device lun0 of lab lab1 (uuid-1), but not by this agent
    not-claimed, release: is claimed as device lun0 of lab lab1 (uuid-1), but not by this agent
    region, the label: bytes 1048575 to 67108863 are not all the workload's
    region, past the end: bytes 1048576 to 67108865 are not all the workload's
    region, nothing: bytes 1048576 to 1048576 are not all the workload's
    plan-hash, another label: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    plan-hash, another lab: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    plan-hash, no label yet: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    plan-hash, another serial: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    plan-hash, another device: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    stale, another attachment: /dev/sdb is device 8:16#6 now, but 8:16#5 was armed
    stale, another than was taken: /dev/sdb is device 8:16#5 now, but 8:16#4 was taken when it was blank
    foreign-target, take: /dev/sdb is of the target iqn.2026-11.lab:ram0, whose LUNs runs may not write to
    foreign-target, no target: /dev/sdb is of the target iqn.2026-11.lab:ram0, whose LUNs runs may not write to
    unknown-content, take: has data in its first MiB that is not a label of Salvo's
    unknown-content, not used yet: has data in its first MiB that is not a label of Salvo's
    already-claimed, take: is claimed as device lun0 of lab lab1 (uuid-1)
    already-claimed, taken: is claimed as device lun0 of lab lab1 (uuid-1)
    label-lab, what was taken: is claimed as device lun0 of lab lab1 (uuid-1), but this agent belongs to lab lab2
    ambiguous, almost a path: /dev/sdb shares its serial with /dev/sda
    region, past a fresh LUN's end: bytes 0 to 67108865 are not all the workload's
    plan-hash, taken anew: /dev/sdb is not the disk that the run was planned for: since then it was claimed anew, or listed otherwise in the agent's file
    identity-thin, size alone: 67108864 B are too few keys
    identity-mismatch, given, another serial: /dev/sdb is another disk: its serial is 9f1c2a78, not 9f1c2a77
    identity-mismatch, given, no serial: /dev/sdb is another disk: its serial is none, not 9f1c2a77
    cannot-tell, given, its WWN: identity could not be found out: wwn (no permission)
    size-mismatch, given, larger: /dev/sdb has 67109376 B, not 67108864 B
    ambiguous, given, another with its serial: /dev/sdb shares its serial with /dev/sda
    cannot-tell, given, another's WWN: whether it is the only one could not be found out: wwn of /dev/sda (no permission)
    was-there, the last that was there: /dev/sdb was there before hv1 was asked to attach it
    was-there, used: /dev/sdb was there before hv1 was asked to attach it
    cannot-tell, a kernel that does not count: arrival could not be found out: this kernel does not count attachments (8:16)
    foreign-target, another attacher: /dev/sdb is to be of the attacher hv2, to whose LUNs runs may not write
    foreign-target, an attacher that is not in lunsOf any more: /dev/sdb is to be of the attacher hv1, to whose LUNs runs may not write
    foreign-target, given, of a session of this host: /dev/sdb is of the target iqn.2026-11.lab:ram0, and no disk that was given
    cannot-tell, given, whether it is of a session: target could not be found out: no permission
    unknown-content, given, not blank: has data in its first MiB that is not a label of Salvo's
    unknown-content, given, not blank at its first run: has data in its first MiB that is not a label of Salvo's
    stale, given, attached anew: /dev/sdb is device 8:16#5 now, but 8:16#7 was taken when it was blank"
  `);
});

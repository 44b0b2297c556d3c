/** What others left on a disk, wherever on it that is: each refuses the disk by its own code, and nothing is written. */
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { claimDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { openRawDisk } from "@salvo/shared/agent/guard/raw-disk.ts";
import { hashOfDevice } from "@salvo/shared/agent/devices/devices.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOOP_BYTES, type LoopDisk, type Loops, openLoops } from "./loops.ts";
import * as traces from "./signatures.ts";

const MIB = 1024 * 1024;
/** libblkid looks for ZFS on larger disks only. */
const ZFS_BYTES = 64 * MIB;

let loops: Loops;
let disk: LoopDisk;
let large: LoopDisk;
beforeAll(async () => {
  loops = await openLoops();
  disk = await loops.add("disk1");
  large = await loops.add("large", ZFS_BYTES);
});
afterAll(() => loops[Symbol.asyncDispose]());

const claims = () => openClaims(join(loops.folder, "data"));
const deps = () => ({ host: "guest1", disks: loops.disks, claims: claims(), lab: "lab1", confirm: async () => true });
const claim = ({ device }: LoopDisk) => claimDisk(device, { lab: "lab1", uuid: "uuid-1" }, deps());

async function empty({ image, path, device }: LoopDisk): Promise<void> {
  await truncate(image, 0);
  await truncate(image, Number(device.sizeBytes));
  await loops.sh("blockdev", "--flushbufs", path);
}

async function codesOf(trying: Promise<unknown>): Promise<string[]> {
  const { kind, message } = await trying.then(() => expect.fail("it was allowed"), toSalvoError);
  expect(kind, message).toBe("refused");
  return [...new Set([...message.matchAll(/\[([a-z-]+)\]/g)].map(([, code = ""]) => code))];
}

/** At its start: the first MiB is not blank, and that alone would do. */
const AT_THE_START: Record<string, readonly [code: string, traces: traces.Traces]> = {
  "a primary GPT": ["partition-table", traces.gpt(LOOP_BYTES, "primary")],
  LVM: ["lvm", traces.LVM],
  "md 1.1": ["md-raid", traces.md(LOOP_BYTES, 1)],
  "md 1.2": ["md-raid", traces.md(LOOP_BYTES, 2)],
  ZFS: ["zfs", traces.zfs(ZFS_BYTES, "start")],
  LUKS: ["signature", traces.LUKS],
  "Ceph BlueStore": ["ceph", traces.BLUESTORE],
  bcache: ["bcache", traces.BCACHE],
  Btrfs: ["signature", traces.BTRFS],
  "ISO 9660": ["signature", traces.ISO9660],
  ReFS: ["signature", traces.REFS],
  "what nobody knows": ["unknown-content", new Map([[777_777, Buffer.from("x")]])],
  "XFS, of which only the magic is left": ["unknown-content", new Map([[0, Buffer.from("XFSB")]])],
  "NTFS, of which only the magic is left": ["unknown-content", new Map([[3, Buffer.from("NTFS    ")]])],
};

test.for(Object.entries(AT_THE_START))("%s", async ([name, [code, left]]) => {
  const which = name === "ZFS" ? large : disk;
  await empty(which);
  await traces.plant(which.image, left);
  const before = await which.hash();
  expect(await codesOf(claim(which))).toEqual([...new Set([code, "unknown-content"])]);
  expect(await which.hash()).toBe(before);
});

/** Anywhere else: the first MiB is blank, and would bear a label. */
const ELSEWHERE: Record<string, readonly [code: string, traces: traces.Traces]> = {
  "a backup GPT": ["partition-table", traces.gpt(LOOP_BYTES, "backup")],
  "md 1.0": ["md-raid", traces.md(LOOP_BYTES, 0)],
  "the last labels of ZFS": ["zfs", traces.zfs(ZFS_BYTES, "end")],
  "a volume of VMFS": ["signature", traces.VMFS_VOLUME],
  VMFS: ["signature", traces.VMFS],
  "LUKS in a partition whose table is gone": ["signature", moved(traces.LUKS, MIB)],
  "LVM in a partition whose table is gone": ["lvm", moved(traces.LVM, MIB)],
  "a PC's partition table in a partition": ["partition-table", moved(traces.MBR, MIB)],
};

test.for(Object.entries(ELSEWHERE))("%s, elsewhere: neither claimed nor, once claimed, used", async ([name, left]) => {
  const which = name.endsWith("ZFS") ? large : disk;
  const [code, bytes] = left;
  await empty(which);
  await traces.plant(which.image, bytes);
  const before = await which.hash();
  expect(await codesOf(claim(which))).toEqual([code]);
  expect(await which.hash()).toBe(before);

  await empty(which);
  await claim(which);
  await traces.plant(which.image, bytes);
  await loops.sh("blockdev", "--flushbufs", which.path);
  const deviceHash = await hashOfDevice(which.device, claims());
  expect(await codesOf(openRawDisk(which.device, { ...deps(), deviceHash }))).toEqual([code]);
});

test.for([
  ["mkfs.ext4", ["-q", "-F"], ["signature", "unknown-content"]],
  ["mkfs.ext4", ["-q", "-F", "-E", "offset=1048576"], ["signature"]],
  ["mkfs.minix", [], ["signature", "unknown-content"]],
  ["mkswap", [], ["swap-signature", "unknown-content"]],
] as const)("the real %s %s", async ([tool, options, codes]) => {
  await empty(disk);
  await loops.sh(tool, ...options, disk.path, ...(codes.length === 1 ? ["14M"] : []));
  expect(await codesOf(claim(disk))).toEqual(codes);
});

function moved(left: traces.Traces, by: number): traces.Traces {
  return new Map([...left].map(([offset, bytes]) => [offset + by, bytes]));
}

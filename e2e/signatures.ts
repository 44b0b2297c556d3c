/**
 * What others leave on a disk, written as their formats say, for the tools that are not here. Only as much of it as libblkid
 * wants to see (util-linux, libblkid/src/superblocks and partitions, names each of these places).
 */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";

const MIB = 1024 * 1024;
const SECTOR = 512;

/** Bytes of a disk, by where they begin. */
export type Traces = ReadonlyMap<number, Buffer>;

const at = (...traces: readonly (readonly [offset: number, bytes: string | Buffer])[]): Traces =>
  new Map(traces.map(([offset, bytes]) => [offset, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes]));

/** Writes them behind the back of the device that is made of the image. */
export async function plant(image: string, traces: Traces): Promise<void> {
  await using file = await open(image, "r+");
  for (const [offset, bytes] of traces) await file.write(bytes, 0, bytes.length, offset);
  await file.sync();
}

/** UEFI specification, 5.3: a header with its own checksum and that of its 128 entries, one sector from either end. */
export function gpt(diskBytes: number, which: "primary" | "backup"): Traces {
  const last = diskBytes / SECTOR - 1;
  const [own, other, entriesAt] = which === "primary" ? [1, last, 2] : [last, 1, last - 32];
  const entries = Buffer.alloc(128 * 128);
  Buffer.from("af3dc60f838472478e793d69d8477de4", "hex").copy(entries); // Linux file system data
  entries.fill(0x17, 16, 32); // its own id
  entries.writeBigUInt64LE(2048n, 32);
  entries.writeBigUInt64LE(4095n, 40);
  const header = Buffer.alloc(SECTOR);
  header.write("EFI PART", "latin1");
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(BigInt(own), 24);
  header.writeBigUInt64LE(BigInt(other), 32);
  header.writeBigUInt64LE(34n, 40);
  header.writeBigUInt64LE(BigInt(last - 33), 48);
  header.fill(0x42, 56, 72);
  header.writeBigUInt64LE(BigInt(entriesAt), 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  header.writeUInt32LE(crc32(entries), 88);
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
  return at([own * SECTOR, header], [entriesAt * SECTOR, entries]);
}

/** Linux md: `struct mdp_superblock_1`, version 1.0 near the end, 1.1 at the start, 1.2 4 KiB from it (md(4)). */
export function md(diskBytes: number, version: 0 | 1 | 2): Traces {
  const offset = [(diskBytes - 8192) & ~4095, 0, 4096][version] ?? 0;
  const block = Buffer.alloc(256);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.fill(0x5a, 16, 32);
  block.writeBigUInt64LE(BigInt(offset / SECTOR), 144);
  return at([offset, block]);
}

/** OpenZFS on-disk format, 1.3: four labels of 256 KiB, two at each end; uberblocks in the second half of each. */
export function zfs(diskBytes: number, which: "start" | "end"): Traces {
  const label = which === "start" ? 0 : Math.floor(diskBytes / (256 * 1024)) * 256 * 1024 - 512 * 1024;
  const uberblock = Buffer.alloc(40);
  uberblock.writeBigUInt64LE(0x00bab10cn, 0);
  uberblock.writeBigUInt64LE(5000n, 8);
  uberblock.writeBigUInt64LE(1n, 16);
  return at(...Array.from({ length: 8 }, (_, n) => [label + 128 * 1024 + n * 1024, uberblock] as const));
}

/** UEFI specification, 5.2.1: the legacy MBR. */
export const MBR = at([446, partitionEntry()]);
/** LVM2, format_text/layout.h: in the second sector LABELONE, the sector's number, a checksum, where the rest is, a type. */
export const LVM = at([512, lvmLabel()]);
/** LUKS1 on-disk format specification, 2.2. */
export const LUKS = at([0, "LUKS\xba\xbe\0\x01"]);
/** Ceph, bluestore/BlueStore.cc: the first line of the label. */
export const BLUESTORE = at([0, "bluestore block device\n"]);
/** Linux bcache, bcache_ondisk.h: sector 8, magic after checksum, offset and version. */
export const BCACHE = at(
  [4096 + 8, Buffer.from([8])],
  [4096 + 24, Buffer.from("c68573f64e1a45ca8265f57f48ba6d81", "hex")],
);
/** Btrfs, ctree.h: the superblock is 64 KiB from the start, the magic 64 bytes into it; 4 KiB sectors and nodes. */
export const BTRFS = at([64 * 1024 + 64, "_BHRfS_M"], [64 * 1024 + 144, Buffer.from([0, 16, 0, 0, 0, 16, 0, 0])]);
/** ECMA-119, 8.4: the primary volume descriptor, 16 sectors of 2 KiB from the start. */
export const ISO9660 = at([32_768, "\x01CD001\x01"]);
/** vmfs-tools, vmfs_volume.h: the volume's magic at 1 MiB, the file system's at 2 MiB: nothing in the first MiB. */
export const VMFS_VOLUME = at([MIB, Buffer.from("0dd001c0", "hex")]);
export const VMFS = at([2 * MIB, Buffer.from("5ef1ab2f", "hex")]);
/** The boot sector names it, behind the three bytes of a jump (libfsrefs, "Resilient File System (ReFS)" format). */
export const REFS = at([0, "\0\0\0ReFS\0\0\0\0"]);

function lvmLabel(): Buffer {
  const sector = Buffer.alloc(512);
  sector.write("LABELONE", 0, "latin1");
  sector.writeBigUInt64LE(1n, 8);
  sector.writeUInt32LE(32, 20);
  sector.write("LVM2 001", 24, "latin1");
  sector.write("0".repeat(32), 32, "latin1");
  sector.writeUInt32LE(lvmChecksum(sector.subarray(20)), 16);
  return sector;
}

/** CRC-32 with the start value of LVM (lvm2, misc/crc.c), without the final inversion. */
function lvmChecksum(bytes: Buffer): number {
  let crc = 0xf597_a6cf;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return crc >>> 0;
}

/** The first of four entries of a PC's partition table, type Linux, and the mark at the sector's end. */
function partitionEntry(): Buffer {
  const rest = Buffer.alloc(66);
  rest[4] = 0x83;
  rest.writeUInt32LE(2048, 8);
  rest.writeUInt32LE(8192, 12);
  rest.writeUInt16LE(0xaa55, 64);
  return rest;
}

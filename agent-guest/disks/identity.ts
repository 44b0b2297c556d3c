import type { DiskIdentity, Target } from "@salvo/shared/agent/domain/guard/facts.ts";
import { isSameLun } from "@salvo/shared/agent/domain/guard/identity.ts";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { fact, readIfThere } from "./fact.ts";
import { slavesOf, sessionsOf } from "./sessions.ts";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

/** The kernel counts a disk's size in sectors of 512 bytes, whatever the disk's own are. */
const SECTOR_BYTES = 512n;

/** Every whole disk in /sys/block: no udev is needed, and nothing that only udev remembers is believed. */
export function identifyDisks(sys = "/sys"): DiskIdentity[] {
  return readdirSync(join(sys, "block")).flatMap((name) => {
    try {
      return [identifyDisk(join(sys, "block", name), sys)];
    } catch (error) {
      // Pulled out while we looked.
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    }
  });
}

/** At is its folder in /sys. Throws when it is not there any more. */
export function identifyDisk(at: string, sys = "/sys"): DiskIdentity {
  const folder = realpathSync(at);
  const isMap = text(join(folder, "dm/uuid")).startsWith("mpath-");
  const own = {
    // In /sys a "!" stands for "/".
    path: `/dev/${basename(folder).replaceAll("!", "/")}`,
    node: nodeOf(folder),
    sizeBytes: fact(() => BigInt(readFileSync(join(folder, "size"), "latin1").trim()) * SECTOR_BYTES),
  };
  const paths = isMap ? slavesOf(folder).map((path) => identifyDisk(path, sys)) : [];
  const [first, ...others] = paths;
  if (first && others.every((other) => isSameLun(first, other)))
    return { ...first, ...own, paths: paths.map(({ path }) => path) };
  return {
    ...own,
    model: text(join(folder, "device/model")),
    serial: fact(() => serialOf(folder)),
    wwn: fact(() => text(join(folder, "wwid")) || text(join(folder, "device/wwid"))),
    target: fact(() => targetOf(folder, sys)),
    sessions: sessionsOf(folder),
    ...sectorOf(folder),
    ...(isMap && { paths: [] }),
  };
}

/** Documentation/ABI/stable/sysfs-block, logical_block_size. */
function sectorOf(folder: string): Pick<DiskIdentity, "sectorBytes"> {
  const bytes = Number(text(join(folder, "queue/logical_block_size")));
  return bytes > 0 ? { sectorBytes: bytes } : {};
}

/** dev is the number that handles have; diskseq (Linux 5.15) counts attachments, so it is never the same twice. */
export function nodeOf(folder: string): string {
  const number = readFileSync(join(folder, "dev"), "latin1").trim();
  const sequence = text(join(folder, "diskseq"));
  return sequence === "" ? number : `${number}#${sequence}`;
}

/**
 * virtio has it at the disk, NVMe at its controller, SCSI as page 0x80: four bytes of head, then the number (SPC). What of NVMe is
 * not the first of its controller's disks has its number added: the serial number is that of all of them.
 */
function serialOf(folder: string): string {
  const plain = text(join(folder, "serial")) || text(join(folder, "device/serial"));
  const namespace = text(join(folder, "nsid"));
  if (plain !== "") return namespace === "" || namespace === "1" ? plain : `${plain}-${namespace}`;
  const page = readIfThere(join(folder, "device/vpd_pg80"));
  if (!page) return "";
  return clean(page.subarray(4, 4 + (page.length < 4 ? 0 : page.readUInt16BE(2))).toString("latin1"));
}

/**
 * A SCSI disk hangs below its session, or below LIO's loopback: .../session1/target3:0:0/3:0:0:7/block/sdb, where 7 is the LUN. One
 * of NVMe hangs below its subsystem, whose controllers tell whether a network is between.
 */
function targetOf(folder: string, sys: string): Target | undefined {
  const [, session, address, lun] = /(?:\/(session\d+))?\/target([\d:]+)\/[\d:]+:(\d+)\/block\//.exec(folder) ?? [];
  if (session !== undefined)
    return {
      iqn: readFileSync(join(sys, "class/iscsi_session", session, "targetname"), "latin1").trim(),
      lun: Number(lun),
    };
  if (address !== undefined && folder.includes("/tcm_loop_"))
    return { iqn: loopbackOf(address, sys), lun: Number(lun) };
  const nqn = text(join(folder, "device/subsysnqn"));
  if (nqn === "" || !isOverFabric(join(folder, "device"))) return undefined;
  return { iqn: nqn, lun: Number(text(join(folder, "nsid"))) };
}

function isOverFabric(subsystem: string): boolean {
  const controllers = readdirSync(subsystem).filter((name) => /^nvme\d+$/.test(name));
  return controllers.some((name) => ["tcp", "rdma"].includes(text(join(subsystem, name, "transport"))));
}

/** The name of the loopback target at a SCSI address, 0:0:1. Throws when there is none. */
function loopbackOf(address: string, sys: string): string {
  const fabric = join(sys, "kernel/config/target/loopback");
  const found = readdirSync(fabric)
    .filter((name) => name.startsWith("naa."))
    .find((name) => text(join(fabric, name, "tpgt_1/address")) === address);
  if (found === undefined) throw new Error(`no loopback of LIO is at ${address}`);
  return found;
}

function text(path: string): string {
  return clean(readIfThere(path)?.toString("latin1") ?? "");
}

/** Padded with spaces or zero bytes. */
function clean(value: string): string {
  return value.replaceAll("\0", "").trim();
}

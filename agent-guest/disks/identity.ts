import type { DiskIdentity, Target } from "@salvo/shared/agent/domain/guard/facts.ts";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { fact, readIfThere } from "./fact.ts";

/** The kernel counts a disk's size in sectors of 512 bytes, whatever the disk's own are. */
const SECTOR_BYTES = 512n;

/** Every whole disk in /sys/block: no udev is needed, and nothing that only udev remembers is believed. */
export function identifyDisks(sys = "/sys"): DiskIdentity[] {
  return readdirSync(join(sys, "block")).flatMap((name) => {
    try {
      return [identifyDisk(join(sys, "block", name), sys)];
    } catch (error) {
      // Pulled out while we looked.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  });
}

/** At is its folder in /sys. Throws when it is not there any more. */
export function identifyDisk(at: string, sys = "/sys"): DiskIdentity {
  const folder = realpathSync(at);
  return {
    // In /sys a "!" stands for "/".
    path: `/dev/${basename(folder).replaceAll("!", "/")}`,
    model: text(join(folder, "device/model")),
    node: nodeOf(folder),
    serial: fact(() => serialOf(folder)),
    wwn: fact(() => text(join(folder, "wwid")) || text(join(folder, "device/wwid"))),
    target: fact(() => targetOf(folder, sys)),
    sizeBytes: fact(() => BigInt(readFileSync(join(folder, "size"), "latin1").trim()) * SECTOR_BYTES),
  };
}

/** dev is the number that handles have; diskseq (Linux 5.15) counts attachments, so it is never the same twice. */
export function nodeOf(folder: string): string {
  const number = readFileSync(join(folder, "dev"), "latin1").trim();
  const sequence = text(join(folder, "diskseq"));
  return sequence === "" ? number : `${number}#${sequence}`;
}

/** virtio has it at the disk, NVMe at its controller, SCSI as page 0x80: four bytes of head, then the number (SPC). */
function serialOf(folder: string): string {
  const plain = text(join(folder, "serial")) || text(join(folder, "device/serial"));
  if (plain !== "") return plain;
  const page = readIfThere(join(folder, "device/vpd_pg80"));
  if (!page) return "";
  return clean(page.subarray(4, 4 + (page.length < 4 ? 0 : page.readUInt16BE(2))).toString("latin1"));
}

/** An iSCSI disk hangs below its session: .../session1/target3:0:0/3:0:0:7/block/sdb, where 7 is the LUN. */
function targetOf(folder: string, sys: string): Target | undefined {
  const found = /\/(session\d+)\/target[\d:]+\/\d+:\d+:\d+:(\d+)\//.exec(folder);
  if (!found) return undefined;
  const [, session = "", lun = ""] = found;
  return {
    iqn: readFileSync(join(sys, "class/iscsi_session", session, "targetname"), "latin1").trim(),
    lun: Number(lun),
  };
}

function text(path: string): string {
  return clean(readIfThere(path)?.toString("latin1") ?? "");
}

/** Padded with spaces or zero bytes. */
function clean(value: string): string {
  return value.replaceAll("\0", "").trim();
}

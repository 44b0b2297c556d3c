/**
 * Salvo's label, at the start of a raw disk that was claimed:
 *
 *     "SALVO RAW DISK\n\0", version u32, length u32, payload (JSON) of length bytes, crc32c u32 of all before it
 *
 * Numbers are little-endian, the rest of the block is zero. It is far below 510 bytes, where a boot signature would be.
 */
import { crc32c } from "@node-rs/crc32";
import { assert } from "../../../kernel/assert.ts";
import type { Label, LabelFound } from "./facts.ts";

/** Workloads never write into the first MiB. */
export const RESERVED_BYTES = 1024n * 1024n;
/** One block of any disk: it is there as a whole or not at all. */
export const LABEL_BYTES = 4096;
const MAGIC = Buffer.from("SALVO RAW DISK\n\0", "latin1");
const VERSION = 1;
const HEAD_BYTES = MAGIC.length + 8;
const PAYLOAD_BYTES_MAX = 400;

export function encodeLabel({ uuid, lab, device }: Label): Buffer {
  const payload = Buffer.from(JSON.stringify({ uuid, lab, device }));
  assert(payload.length <= PAYLOAD_BYTES_MAX, `a label of ${payload.length} bytes`);
  const block = Buffer.alloc(LABEL_BYTES);
  MAGIC.copy(block);
  block.writeUInt32LE(VERSION, MAGIC.length);
  block.writeUInt32LE(payload.length, MAGIC.length + 4);
  payload.copy(block, HEAD_BYTES);
  const end = HEAD_BYTES + payload.length;
  block.writeUInt32LE(crc32c(block.subarray(0, end)), end);
  return block;
}

/** Judges the reserved space, or as much of it as was read (at least the label's block). Never throws. */
export function readLabel(reserved: Buffer): LabelFound {
  if (!reserved.subarray(0, MAGIC.length).equals(MAGIC))
    return { type: reserved.every((byte) => byte === 0) ? "blank" : "foreign" };
  const damaged = (why: string): LabelFound => ({ type: "damaged", why });
  if (reserved.length < LABEL_BYTES) return damaged("it is cut off");
  const version = reserved.readUInt32LE(MAGIC.length);
  const length = reserved.readUInt32LE(MAGIC.length + 4);
  if (length > PAYLOAD_BYTES_MAX) return damaged(`its length is ${length}`);
  const end = HEAD_BYTES + length;
  if (reserved.readUInt32LE(end) !== crc32c(reserved.subarray(0, end))) return damaged("its checksum is wrong");
  if (version !== VERSION) return damaged(`its version ${version} is unknown`);
  const label = parseLabel(reserved.toString("utf8", HEAD_BYTES, end));
  return label ? { type: "label", label } : damaged("its text has an unknown form");
}

/** undefined for what is no label. */
export function parseLabel(text: string): Label | undefined {
  try {
    const { uuid, lab, device }: Partial<Record<keyof Label, unknown>> = JSON.parse(text) ?? {};
    if (typeof uuid !== "string" || typeof lab !== "string" || typeof device !== "string") return undefined;
    return { uuid, lab, device };
  } catch {
    return undefined;
  }
}

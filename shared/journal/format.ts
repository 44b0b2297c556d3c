/**
 * A journal file: a header, then records.
 *
 *     header  "SALVOJNL", version u32
 *     record  length u32, seq u32, crc32c u32, payload of length bytes
 *
 * Numbers are little-endian. The checksum covers length, seq and payload, so no flipped bit goes unseen; seq counts
 * from 1 without gaps, so no lost or repeated record does.
 */
import { crc32c } from "@node-rs/crc32";
import { assert } from "../kernel/assert.ts";
import { SalvoError } from "../kernel/error.ts";

const MAGIC = "SALVOJNL";
const VERSION = 1;
export const HEADER_BYTES = MAGIC.length + 4;
export const RECORD_HEAD_BYTES = 12;
export const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
const SEQ_MAX = 0xffff_ffff;

export interface JournalRecord {
  readonly seq: number;
  readonly payload: Uint8Array;
}

export function encodeHeader(): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, "latin1");
  header.writeUInt32LE(VERSION, MAGIC.length);
  return header;
}

/**
 * Judges the first HEADER_BYTES, or fewer when the file has no more. `torn`: its creation was cut short, so no record was
 * ever written. Throws `corrupt` when it is no journal of ours.
 */
export function checkHeader(start: Buffer, fileBytes: number, path: string): "whole" | "torn" {
  const header = encodeHeader();
  if (start.equals(header)) return "whole";
  if (fileBytes <= HEADER_BYTES) {
    if (start.equals(header.subarray(0, start.length))) return "torn";
    // After a power cut a file may have its length, but not yet its content.
    if (start.every((byte) => byte === 0)) return "torn";
  }
  throw new SalvoError("corrupt", `its first ${HEADER_BYTES} bytes are not those of a version ${VERSION} journal`, {
    file: path,
    remedy: "Move the file away; if a newer Salvo wrote it, read it with that one",
  });
}

/** A copy of the payload, framed. Throws `out-of-resources` when the payload is over PAYLOAD_BYTES_MAX. */
export function encodeRecord(seq: number, payload: Uint8Array): Buffer {
  assert(Number.isInteger(seq) && seq >= 1 && seq <= SEQ_MAX, `journal seq ${seq}`);
  if (payload.length > PAYLOAD_BYTES_MAX)
    throw new SalvoError(
      "out-of-resources",
      `a record of ${payload.length} bytes is over the journal's limit of ${PAYLOAD_BYTES_MAX}`,
    );
  const frame = Buffer.allocUnsafe(RECORD_HEAD_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(seq, 4);
  frame.set(payload, RECORD_HEAD_BYTES);
  frame.writeUInt32LE(checksum(frame), 8);
  return frame;
}

export type Decoded =
  | { readonly kind: "record"; readonly payload: Uint8Array; readonly next: number }
  /** The bytes end before the record does: at least so many are needed, counted from `at`. */
  | { readonly kind: "short"; readonly bytesNeeded: number }
  | { readonly kind: "damaged"; readonly reason: string };

/** Reads the record `seq` at byte `at`. The payload is a view into `bytes`, not a copy. */
export function decodeRecord(bytes: Buffer, at: number, seq: number): Decoded {
  if (bytes.length - at < RECORD_HEAD_BYTES) return { kind: "short", bytesNeeded: RECORD_HEAD_BYTES };
  const length = bytes.readUInt32LE(at);
  if (length > PAYLOAD_BYTES_MAX)
    return { kind: "damaged", reason: `record ${seq} has the impossible length ${length}` };
  const found = bytes.readUInt32LE(at + 4);
  if (found !== seq) return { kind: "damaged", reason: `record ${seq} was expected, but ${found} found` };
  const next = at + RECORD_HEAD_BYTES + length;
  if (bytes.length < next) return { kind: "short", bytesNeeded: RECORD_HEAD_BYTES + length };
  if (bytes.readUInt32LE(at + 8) !== checksum(bytes.subarray(at, next)))
    return { kind: "damaged", reason: `record ${seq} does not match its checksum` };
  return { kind: "record", payload: bytes.subarray(at + RECORD_HEAD_BYTES, next), next };
}

/** CRC-32C, of which equal ones are the same bytes, as far as accidents go. */
export const sumOf = (bytes: Uint8Array): number => crc32c(bytes);

function checksum(frame: Buffer): number {
  return crc32c(frame.subarray(RECORD_HEAD_BYTES), crc32c(frame.subarray(0, 8)));
}

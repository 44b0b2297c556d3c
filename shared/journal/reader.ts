import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { nodeFs, type JournalFile, type JournalFs } from "./file.ts";
import { checkHeader, decodeRecord, HEADER_BYTES, type JournalRecord } from "./format.ts";
import { createOffsets, type Offsets } from "./offsets.ts";

/** Bytes at a journal's end that are not whole records. */
export interface Dropped {
  readonly atByte: number;
  readonly bytes: number;
  readonly reason: string;
}

export interface Recovery {
  /** 0 when there is no record. */
  readonly lastSeq: number;
  /** Where the last whole record ends. */
  readonly endByte: number;
  readonly offsets: Offsets;
  readonly dropped: Dropped | undefined;
}

/**
 * Finds all whole records from the start of a journal; what follows the first damage is not trusted. Changes nothing.
 * Throws `not-found`, or `corrupt` when the file is not a journal.
 */
export async function recover(path: string, { fs = nodeFs }: { readonly fs?: JournalFs } = {}): Promise<Recovery> {
  await using file = await openForReading(path, fs);
  return await recoverFile(file, path); // before the file is closed
}

/**
 * All records of a journal in order, each checked. Throws `corrupt` after the last whole one when more bytes follow it;
 * to read up to there without, give the `lastSeq` that recover() found.
 */
export async function* readJournal(
  path: string,
  { fs = nodeFs, lastSeq = Infinity }: { readonly fs?: JournalFs; readonly lastSeq?: number } = {},
): AsyncGenerator<JournalRecord, void, undefined> {
  await using file = await openForReading(path, fs);
  if (lastSeq < 1 || (await startOf(file, path)) === "empty") return;
  const dropped = yield* scan(file, { seq: 1, atByte: HEADER_BYTES }, await file.size(), lastSeq);
  if (dropped) throw damage(path, dropped);
}

export async function recoverFile(file: JournalFile, path: string): Promise<Recovery> {
  const offsets = createOffsets();
  const size = await file.size();
  if ((await startOf(file, path)) === "empty") {
    const dropped = size > 0 ? { atByte: 0, bytes: size, reason: "its header was not written whole" } : undefined;
    return { lastSeq: 0, endByte: 0, offsets, dropped };
  }
  let lastSeq = 0;
  let endByte = HEADER_BYTES;
  const records = scan(file, { seq: 1, atByte: HEADER_BYTES }, size);
  for (;;) {
    const { done, value } = await records.next();
    if (done) return { lastSeq, endByte, offsets, dropped: value };
    offsets.add(value.seq, endByte);
    lastSeq = value.seq;
    endByte = value.endByte;
  }
}

export interface Scanned extends JournalRecord {
  readonly endByte: number;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Whole records from `start` up to `endByte` or `lastSeq`; returns what it could not read. Payloads are the reader's to
 * keep, and share memory with their neighbours.
 */
export async function* scan(
  file: JournalFile,
  start: { readonly seq: number; readonly atByte: number },
  endByte: number,
  lastSeq = Infinity,
): AsyncGenerator<Scanned, Dropped | undefined, undefined> {
  let { seq, atByte } = start;
  let chunkBytes = CHUNK_BYTES;
  while (atByte < endByte) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, endByte - atByte));
    const got = chunk.subarray(0, await file.read(chunk, atByte));
    let at = 0;
    let decoded = decodeRecord(got, at, seq);
    for (; decoded.kind === "record"; decoded = decodeRecord(got, at, seq)) {
      at = decoded.next;
      yield { seq, payload: decoded.payload, endByte: atByte + at };
      if (seq === lastSeq) return undefined;
      seq++;
    }
    atByte += at;
    const dropped = { atByte, bytes: endByte - atByte };
    if (decoded.kind === "damaged") return { ...dropped, reason: decoded.reason };
    if (decoded.bytesNeeded > dropped.bytes || got.length < chunk.length)
      return dropped.bytes > 0 ? { ...dropped, reason: `record ${seq} was not written whole` } : undefined;
    chunkBytes = Math.max(CHUNK_BYTES, decoded.bytesNeeded);
  }
  return undefined;
}

export function damage(path: string, { atByte, bytes, reason }: Dropped): SalvoError {
  return new SalvoError("corrupt", `the journal cannot be read after byte ${atByte} (${bytes} bytes): ${reason}`, {
    file: path,
    remedy: "What comes before that is whole and can be used",
  });
}

async function startOf(file: JournalFile, path: string): Promise<"records" | "empty"> {
  const start = Buffer.alloc(HEADER_BYTES);
  const got = start.subarray(0, await file.read(start, 0));
  return checkHeader(got, await file.size(), path) === "whole" ? "records" : "empty";
}

async function openForReading(path: string, fs: JournalFs): Promise<JournalFile & AsyncDisposable> {
  try {
    const file = await fs.open(path, "read");
    return { ...file, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    throw toSalvoError(error, { file: path });
  }
}

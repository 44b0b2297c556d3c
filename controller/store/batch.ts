/**
 * Records of a spool go into its journal many at a time: a journal's work is by the entry, and a busy run has thousands of
 * records a second. A batch is `source u8, seq u32, length u32, payload of length bytes`, repeated; little-endian.
 */
import { PAYLOAD_BYTES_MAX } from "@salvo/shared/journal/format.ts";
import type { Journal } from "@salvo/shared/journal/writer.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** How a record came: by NATS while the run was on, or asked for afterwards. */
export type Source = "received" | "backfilled";
const SOURCES: readonly Source[] = ["received", "backfilled"];

export interface SpoolEntry {
  readonly seq: number;
  readonly source: Source;
  /** An encoded Record, as in the agent's own journal. */
  readonly payload: Uint8Array;
}

/** The records that are not in the journal yet. */
export interface Batch {
  /** Copies the record, of at most BATCHED_BYTES_MAX, and returns the number of its journal entry. Throws what made the journal fail. */
  add(entry: SpoolEntry): number;
  /** Gives all to the journal now. Throws what made the journal fail. */
  append(): void;
}

const HEAD_BYTES = 9;
const BATCH_BYTES_MAX = 64 * 1024;
/** Of one record: with its head it is one entry of a journal. */
export const BATCHED_BYTES_MAX = PAYLOAD_BYTES_MAX - HEAD_BYTES;

/** What is added in one turn of the event loop goes together, so that nothing waits here for long. */
export function createBatch(journal: Pick<Journal, "append" | "lastSeq">): Batch {
  let frames = Buffer.allocUnsafe(BATCH_BYTES_MAX);
  let used = 0;
  let failure: { readonly error: unknown } | undefined;
  let turn: NodeJS.Immediate | undefined;

  function append(): void {
    clearImmediate(turn);
    turn = undefined;
    if (failure) throw failure.error;
    if (used === 0) return;
    const batch = frames.subarray(0, used);
    used = 0;
    try {
      journal.append(batch);
    } catch (error) {
      failure = { error };
      throw error;
    }
  }

  function appendAtEndOfTurn(): void {
    try {
      append();
    } catch {
      // It is kept, and thrown by whatever is called next.
    }
  }

  return {
    add({ seq, source, payload }) {
      if (failure) throw failure.error;
      const bytes = HEAD_BYTES + payload.length;
      if (used + bytes > frames.length) append();
      if (bytes > frames.length) frames = Buffer.allocUnsafe(bytes);
      frames.writeUInt8(SOURCES.indexOf(source), used);
      frames.writeUInt32LE(seq, used + 1);
      frames.writeUInt32LE(payload.length, used + 5);
      frames.set(payload, used + HEAD_BYTES);
      used += bytes;
      turn ??= setImmediate(appendAtEndOfTurn);
      return journal.lastSeq + 1;
    },
    append,
  };
}

/** The records of a journal entry. Throws `corrupt` when it is not a batch. */
export function unpack(bytes: Uint8Array): SpoolEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: SpoolEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + HEAD_BYTES;
    const source = start <= bytes.length ? SOURCES[view.getUint8(at)] : undefined;
    const end = source ? start + view.getUint32(at + 5, true) : Infinity;
    if (!source || end > bytes.length)
      throw new SalvoError("corrupt", "a journal in the spool's folder has entries that are not a spool's");
    entries.push({ seq: view.getUint32(at + 1, true), source, payload: bytes.subarray(start, end) });
    at = end;
  }
  return entries;
}

import { BATCH_RECORDS_MAX, HEADER_BYTES_MAX } from "./message.ts";
import type { PublishedRecord } from "./publisher.ts";
import { recordHead } from "./record-head.ts";
import type { Kind } from "./subjects.ts";

/** Far below the 1 MiB that servers and the stream take: a reader handles a message in one go. */
const BATCH_BYTES_MAX = 128 * 1024;
/** A field of bytes has its tag and its length before it. */
const ENTRY_BYTES = 8;

export interface Batch {
  readonly kind: Kind;
  /** At least one; a record above the limit is alone. */
  readonly records: readonly PublishedRecord[];
}

/** Parts records, ascending by seq, by kind and into messages that the server takes. */
export function* batchesOf(
  records: readonly PublishedRecord[],
  payloadBytesMax = BATCH_BYTES_MAX,
): Generator<Batch, void, undefined> {
  const bytesMax = Math.min(BATCH_BYTES_MAX, payloadBytesMax - HEADER_BYTES_MAX);
  const open = new Map<Kind, { records: PublishedRecord[]; bytes: number }>();
  for (const record of records) {
    const { kind } = recordHead(record.payload);
    const bytes = record.payload.length + ENTRY_BYTES;
    let batch = open.get(kind);
    if (batch && (batch.bytes + bytes > bytesMax || batch.records.length === BATCH_RECORDS_MAX)) {
      yield { kind, records: batch.records };
      batch = undefined;
    }
    if (!batch) open.set(kind, (batch = { records: [], bytes: 0 }));
    batch.records.push(record);
    batch.bytes += bytes;
  }
  for (const [kind, { records: rest }] of open) yield { kind, records: rest };
}

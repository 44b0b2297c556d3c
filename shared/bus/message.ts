import { headers, type MsgHdrs } from "@nats-io/transport-node";

/** The type of the payload. */
export const MESSAGE_HEADER = "Salvo-Message";
/** The record's sequence number, so that a reader can tell duplicates and gaps without decoding. */
export const SEQ_HEADER = "Salvo-Seq";
/** JetStream stores a message once per id within the stream's duplicate window, whatever subject it came under. */
const ID_HEADER = "Nats-Msg-Id";

export const RECORD_MESSAGE = "salvo.v1.Record";
/** Several records of one kind: see RecordBatch in telemetry.proto. */
export const BATCH_MESSAGE = "salvo.v1.RecordBatch";
export const PRESENCE_MESSAGE = "salvo.v1.Presence";

/** Of a batch, besides what the bus allows: a reader handles them one after another. */
export const BATCH_RECORDS_MAX = 1000;

/** More than the headers of any record take: names are at most 63 characters. */
export const HEADER_BYTES_MAX = 512;

/**
 * The id stays the same through all attempts to publish, and nobody can guess it: otherwise another client could publish
 * it first, under a subject of its own, and JetStream would acknowledge ours without storing it.
 */
export function recordHeaders({ id, seq }: { id: string; seq: number }): MsgHdrs {
  const record = headers();
  record.set(ID_HEADER, id);
  record.set(MESSAGE_HEADER, RECORD_MESSAGE);
  record.set(SEQ_HEADER, String(seq));
  return record;
}

/** A batch has no number of its own: a reader that does not know batches takes a message without one for somebody else's. */
export function batchHeaders(id: string): MsgHdrs {
  const batch = headers();
  batch.set(ID_HEADER, id);
  batch.set(MESSAGE_HEADER, BATCH_MESSAGE);
  return batch;
}

export function isBatch(message: MsgHdrs | undefined): boolean {
  return message?.get(MESSAGE_HEADER) === BATCH_MESSAGE;
}

/** The sequence number, or undefined when the header is missing or no such number. */
export function seqOf(record: MsgHdrs | undefined): number | undefined {
  const text = record?.get(SEQ_HEADER) ?? "";
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

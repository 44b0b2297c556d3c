import { headers, type MsgHdrs } from "@nats-io/transport-node";

/** The type of the payload. */
export const MESSAGE_HEADER = "Salvo-Message";
/** The record's sequence number, so that a reader can tell duplicates and gaps without decoding. */
export const SEQ_HEADER = "Salvo-Seq";
/** JetStream stores a message once per id within the stream's duplicate window, whatever subject it came under. */
const ID_HEADER = "Nats-Msg-Id";

export const RECORD_MESSAGE = "salvo.v1.Record";
export const PRESENCE_MESSAGE = "salvo.v1.Presence";

/** More than the headers of any record take: names are at most 63 characters. */
export const HEADER_BYTES_MAX = 512;

/**
 * The id is the record's through all attempts to publish it, and one that nobody can guess: who could would publish it
 * first, under a subject of its own, and JetStream would acknowledge ours without storing it.
 */
export function recordHeaders({ id, seq }: { id: string; seq: number }): MsgHdrs {
  const record = headers();
  record.set(ID_HEADER, id);
  record.set(MESSAGE_HEADER, RECORD_MESSAGE);
  record.set(SEQ_HEADER, String(seq));
  return record;
}

/** The sequence number, or undefined when the header is missing or no such number. */
export function seqOf(record: MsgHdrs | undefined): number | undefined {
  const text = record?.get(SEQ_HEADER) ?? "";
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

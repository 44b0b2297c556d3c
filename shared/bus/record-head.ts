/** What the first bytes of an encoded salvo.v1.Record tell, so that nobody has to decode the rest to file it. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Kind } from "./subjects.ts";

/** Numbers of Record's fields in telemetry.proto. A message is written in the order of its fields: seq, at_ns, then the body. */
const SEQ_FIELD = 1;
const SAMPLES: Readonly<Record<number, Kind>> = { 3: "fio", 4: "cpu", 5: "disk", 10: "net" };

export interface RecordHead {
  /** 0 when the bytes do not begin with one. */
  readonly seq: number;
  /** Samples travel under their own kind, everything else as an event. */
  readonly kind: Kind;
}

/** Never throws: bytes that are no record are an event without a number, and whoever decodes them will say what they are. */
export function recordHead(payload: Uint8Array): RecordHead {
  const reader = new BinaryReader(payload);
  let seq = 0;
  try {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (wireType !== WireType.Varint) return { seq, kind: SAMPLES[field] ?? "event" };
      if (field === SEQ_FIELD) seq = reader.uint32();
      else reader.skip(wireType, field);
    }
  } catch {
    // Cut short: what is known so far has to do.
  }
  return { seq, kind: "event" };
}

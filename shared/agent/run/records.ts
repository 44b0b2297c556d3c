import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import type { Journal } from "../../journal/writer.ts";
import type { Clock } from "../../kernel/time.ts";

export type RecordBody = NonNullable<MessageInitShape<typeof RecordSchema>["body"]>;

/** Gives the record its number and its time, and hands it to the journal. */
export type Keep = (body: RecordBody) => void;

/** Throws what made the journal fail. */
export function keepIn(journal: Pick<Journal, "lastSeq" | "append">, clock: Clock): Keep {
  return (body) => {
    const seq = journal.lastSeq + 1;
    journal.append(toBinary(RecordSchema, create(RecordSchema, { seq, atNs: clock.now(), body })));
  };
}

/** Where the records of one agent enter, whatever way they come: each is decoded and judged once, here. */
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { sumOf } from "@salvo/shared/journal/format.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { decodeRecord } from "../analysis/decode.ts";
import type { RecordJudge } from "../domain/records/judge.ts";
import type { LeftOut } from "../domain/records/left-out.ts";
import type { StreamLimits } from "../domain/records/limits.ts";
import type { RecordProblem } from "../domain/records/problem.ts";
import { BATCHED_BYTES_MAX, type Source } from "./batch.ts";
import type { Stream } from "./stream.ts";

export interface Intake {
  /** The record when it is sound and new. seq: as its message says, if it does. Throws what made the spool fail. */
  take(seq: number | undefined, payload: Uint8Array, source: Source): Record | undefined;
  /** It has brought more than the plan can give: nothing more is taken from there. */
  ended(source: Source): boolean;
  notes(): string[];
}

export interface IntakeParts {
  readonly agent: string;
  readonly stream: Stream;
  readonly judge: RecordJudge;
  readonly limits: StreamLimits;
  readonly leftOut: LeftOut;
}

/** What a record costs besides its bytes. */
const RECORD_BYTES = 16;
const MIB = 2 ** 20;
const WAYS: Readonly<{ [source in Source]: string }> = { received: "by NATS", backfilled: "from the agent itself" };

export function createIntake({ agent, stream, judge, limits, leftOut }: IntakeParts): Intake {
  const { arrivals, batch } = stream;
  const bytes = { ...stream.bytesBefore };
  const ended = (source: Source) => bytes[source] > limits.bytesMax;

  function reject(seq: number | undefined, source: Source, problem: RecordProblem): undefined {
    leftOut.add(agent, seq, problem);
    // The agent's own journal has the last word: there is no better one to be had.
    if (source === "backfilled" && seq !== undefined && seq >= 1 && seq <= limits.recordsMax) arrivals.refuse(seq);
  }

  return {
    take(seq, payload, source) {
      bytes[source] += payload.length + RECORD_BYTES;
      if (ended(source)) return undefined;
      if (payload.length > BATCHED_BYTES_MAX)
        return reject(seq, source, { what: "is longer than any journal takes", detail: `${payload.length} bytes` });
      const sum = sumOf(payload);
      if (seq !== undefined && arrivals.has(seq) && arrivals.sumOf(seq) === sum) {
        if (source === "backfilled") arrivals.doubt(seq, false);
        return undefined;
      }
      const decoded = decode(payload);
      if ("what" in decoded) return reject(seq, source, decoded);
      const record = decoded;
      if (seq !== undefined && record.seq !== seq)
        return reject(seq, source, {
          what: "has another number than its message",
          detail: `it is record ${record.seq}`,
        });
      const problem = judge(agent, record);
      if (problem) return reject(record.seq, source, problem);
      if (arrivals.has(record.seq)) {
        const same = arrivals.sumOf(record.seq) === sum;
        if (source === "received") {
          if (same) return undefined;
          arrivals.doubt(record.seq, true);
          return reject(record.seq, source, {
            what: "is another one than came before under its number",
            detail: "both by NATS",
          });
        }
        arrivals.doubt(record.seq, false);
        if (same) return undefined;
      }
      arrivals.add(record.seq, batch.add({ seq: record.seq, payload, source }), sum);
      if (record.body.case === "end") stream.endSeq = record.seq;
      else if (stream.endSeq === record.seq) stream.endSeq = undefined; // the one before it counts no more
      return record;
    },
    ended,
    notes: () =>
      (["received", "backfilled"] as const)
        .filter(ended)
        .map(
          (source) =>
            `what ${agent} sent ${WAYS[source]} was cut off after ${Math.round(limits.bytesMax / MIB)} MiB, the most that the plan of the run can give`,
        ),
  };
}

function decode(payload: Uint8Array): Record | RecordProblem {
  try {
    return decodeRecord(payload);
  } catch (error) {
    return { what: "cannot be decoded", detail: toSalvoError(error).message };
  }
}

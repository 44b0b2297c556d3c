import { fromBinary } from "@bufbuild/protobuf";
import { type Record, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import type { RunMessage } from "@salvo/shared/bus/consume.ts";
import { contentProblem } from "../domain/records/content.ts";

/** The record of a message when it can be true. Whatever else comes is told once for each agent and kind of problem. */
export function createTailRecords(tell: (line: string) => void): (message: RunMessage) => Record | undefined {
  const told = new Set<string>();

  function leaveOut({ run, agent, seq }: RunMessage, what: string, detail: string): undefined {
    const key = `${run} ${agent} ${what}`;
    if (told.has(key) || told.size >= TOLD_MAX) return undefined;
    told.add(key);
    tell(`left out: record ${seq} of ${agent} in run ${run} ${what} (${detail}); more of this kind are not told of`);
    return undefined;
  }

  return (message) => {
    let record: Record;
    try {
      record = fromBinary(RecordSchema, message.payload);
    } catch (error) {
      return leaveOut(message, "cannot be decoded", String(error));
    }
    if (record.seq !== message.seq)
      return leaveOut(message, "has another number than its message", `it is record ${record.seq}`);
    const problem = contentProblem(record);
    return problem ? leaveOut(message, problem.what, problem.detail) : record;
  };
}

const TOLD_MAX = 1000;

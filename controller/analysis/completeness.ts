import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { StreamCompletenessSchema, type StreamCompleteness } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";

export interface StreamEntry {
  readonly seq: number;
  readonly source: "received" | "backfilled";
  readonly payload: Uint8Array;
}

/** Counts one agent's records; add them ascending by seq, each once. */
export interface StreamCount {
  add(entry: StreamEntry): void;
  result(): StreamCompleteness;
}

/**
 * Missing is what the seqs that are here prove to have been: everything from 1 to the last that is not. Whether that last
 * is the agent's own last word is told by its being a RunEnd, see outline.ts.
 */
export function createStreamCount(agent: string): StreamCount {
  const sources = { received: 0, backfilled: 0 };
  const hash = createBatchedHash();
  let first = 0;
  let last = 0;
  let count = 0;
  return {
    add({ seq, source, payload }) {
      assert(seq > last, `record ${seq} of ${agent} comes after ${last}`);
      if (count === 0) first = seq;
      last = seq;
      count++;
      sources[source]++;
      hash.add(payload);
    },
    result: () =>
      create(StreamCompletenessSchema, {
        agent,
        firstSeq: first,
        lastSeq: last,
        count,
        missing: last - count,
        ...sources,
        sha256: hash.hex(),
      }),
  };
}

/** SHA-256 of many small parts: a call per part costs more than the hashing itself. */
function createBatchedHash() {
  const hash = createHash("sha256");
  const batch = Buffer.allocUnsafe(64 * 1024);
  let used = 0;
  return {
    add(part: Uint8Array) {
      if (used + part.length > batch.length) {
        hash.update(batch.subarray(0, used));
        used = 0;
      }
      if (part.length > batch.length) {
        hash.update(part);
        return;
      }
      batch.set(part, used);
      used += part.length;
    },
    hex: () => hash.copy().update(batch.subarray(0, used)).digest("hex"),
  };
}

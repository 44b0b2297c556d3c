import { create, toBinary } from "@bufbuild/protobuf";
import { RecordBatchSchema, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { batchesOf } from "./batches.ts";
import type { PublishedRecord } from "./publisher.ts";

const KINDS = ["fio", "cpu", "disk", "event"] as const;

function record(seq: number, kind: (typeof KINDS)[number], bytes: number): PublishedRecord {
  const filler = "x".repeat(bytes);
  const value = kind === "event" ? { text: filler } : kind === "cpu" ? { tick: 1 } : { participant: filler };
  return { seq, payload: toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: kind, value } as never })) };
}

test("every record is in one batch of its kind, in order, and no batch of several is above the server's limit", () => {
  const journal = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat(3_000)), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(journal, fc.integer({ min: 2_000, max: 20_000 }), (parts, limit) => {
      const records = parts.map(([kind, bytes], index) => record(index + 1, kind, bytes));
      const batches = [...batchesOf(records, limit)];
      for (const kind of KINDS) {
        const seqs = batches
          .filter((batch) => batch.kind === kind)
          .flatMap((batch) => batch.records.map(({ seq }) => seq));
        const expected = parts.flatMap(([of], index) => (of === kind ? [index + 1] : []));
        expect(seqs).toEqual(expected);
      }
      for (const { records: some } of batches) {
        const message = create(RecordBatchSchema, { records: some.map(({ payload }) => payload) });
        expect(some.length === 1 || toBinary(RecordBatchSchema, message).length + 512 <= limit).toBe(true);
      }
    }),
  );
});

test("small records of one kind go a thousand at a time, large ones 128 KiB at a time", () => {
  const small = Array.from({ length: 2_100 }, (_, index) => record(index + 1, "cpu", 0));
  expect([...batchesOf(small)].map(({ records }) => records.length)).toEqual([1000, 1000, 100]);
  const large = Array.from({ length: 20 }, (_, index) => record(index + 1, "fio", 50_000));
  expect([...batchesOf(large)].map(({ records }) => records.length)).toEqual(Array.from({ length: 10 }, () => 2));
});

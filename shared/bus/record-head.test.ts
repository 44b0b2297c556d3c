import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { recordHead } from "./record-head.ts";

type Body = NonNullable<MessageInitShape<typeof RecordSchema>["body"]>;

const BODIES: readonly (readonly [Body, string])[] = [
  [{ case: "fio", value: { participant: "guest1.disk", tick: 3 } }, "fio"],
  [{ case: "cpu", value: { tick: 3 } }, "cpu"],
  [{ case: "disk", value: { tick: 3 } }, "disk"],
  [{ case: "net", value: { tick: 3 } }, "net"],
  [{ case: "event", value: { text: "armed" } }, "event"],
  [{ case: "start", value: {} }, "event"],
  [{ case: "final", value: { json: "{}" } }, "event"],
  [{ case: "end", value: {} }, "event"],
  [{ case: "hostClock", value: { atNs: 1n } }, "event"],
];

test("every kind of record is told by its first bytes, whatever its number and time", () => {
  const numbers = fc.tuple(
    fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    fc.bigInt({ min: 0n, max: 2n ** 62n }),
    fc.constantFrom(...BODIES),
  );
  fc.assert(
    fc.property(numbers, ([seq, atNs, [body, kind]]) => {
      expect(recordHead(toBinary(RecordSchema, create(RecordSchema, { seq, atNs, body })))).toEqual({ seq, kind });
    }),
  );
});

test("bytes that are no record are an event", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void recordHead(bytes)));
  expect(recordHead(new Uint8Array())).toEqual({ seq: 0, kind: "event" });
  expect(recordHead(Uint8Array.of(0xff, 0xff))).toEqual({ seq: 0, kind: "event" });
  expect(recordHead(Uint8Array.of(8, 7))).toEqual({ seq: 7, kind: "event" });
});

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord } from "./decode.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const io = fc.option(
  fc.record({
    ios: uint32,
    bytes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    latency: fc.option(fc.record({ bins: fc.array(uint32), counts: fc.array(uint32) }), { nil: undefined }),
  }),
  { nil: undefined },
);
const fioRecord = fc
  .record({
    seq: uint32,
    atNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    participant: fc.string({ unit: "grapheme" }),
    tick: uint32,
    takenAtNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    runtimeMs: uint32,
    stalled: fc.boolean(),
    read: io,
    write: io,
  })
  .map(({ seq, atNs, read, write, ...value }): Record =>
    create(RecordSchema, {
      seq,
      atNs,
      body: {
        case: "fio",
        value: { ...value, ...(read && { read: plain(read) }), ...(write && { write: plain(write) }) },
      },
    }),
  );

function plain({
  latency,
  ...counts
}: {
  ios: number;
  bytes: bigint;
  latency: { bins: number[]; counts: number[] } | undefined;
}) {
  return latency ? { ...counts, latency } : counts;
}

test("every fio sample is decoded as the general decoder does", () => {
  fc.assert(
    fc.property(fioRecord, (record) => {
      const payload = toBinary(RecordSchema, record);
      expect(decodeRecord(payload)).toEqual(fromBinary(RecordSchema, payload));
    }),
  );
});

test("the other kinds of record are decoded too", () => {
  const run = syntheticRun({ ticks: 2 });
  const kinds = new Set<string | undefined>();
  for (const { payload } of run.payloads("vm1")) {
    const record = decodeRecord(payload);
    expect(record).toEqual(fromBinary(RecordSchema, payload));
    kinds.add(record.body.case);
  }
  expect(kinds).toEqual(new Set(["cpu", "disk", "end", "event", "final", "fio", "start"]));
});

test("a field of a newer contract inside a fio sample is kept as an unknown field", () => {
  const payload = toBinary(RecordSchema, create(RecordSchema, { seq: 1, body: { case: "fio", value: { tick: 3 } } }));
  const newer = Buffer.concat([payload, Uint8Array.of(15 * 8, 7)]);
  expect(decodeRecord(newer)).toEqual(fromBinary(RecordSchema, newer));
  expect(decodeRecord(newer).$unknown).toHaveLength(1);
});

test("a record cut at any byte is corrupt or decodes as the general decoder does, and never runs over its end", () => {
  const whole = [...syntheticRun({ ticks: 1 }).payloads("vm1")].find(
    ({ payload }) => decodeRecord(payload).body.case === "fio",
  )!.payload;
  for (let cut = 0; cut < whole.length; cut++) {
    const part = whole.slice(0, cut);
    let expected: Record | undefined;
    try {
      expected = fromBinary(RecordSchema, part);
    } catch {
      expected = undefined;
    }
    if (expected) expect(decodeRecord(part)).toEqual(expected);
    else expect(() => decodeRecord(part)).toThrow(expect.objectContaining({ kind: "corrupt" }));
  }
});

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RecordSchema, type Record } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeRecord } from "./decode.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const name = fc.string({ unit: "grapheme" });
const noneRequired = { requiredKeys: [] };
const latency = fc.record({ bins: fc.array(uint32), counts: fc.array(uint32) });
const io = fc.record({ ios: uint32, bytes: uint64, latency }, noneRequired);
const fio = fc.record(
  {
    participant: name,
    tick: uint32,
    takenAtNs: int64,
    runtimeMs: uint32,
    stalled: fc.boolean(),
    read: io,
    write: io,
    countedAtNs: int64,
  },
  noneRequired,
);
const disk = fc.record(
  {
    participant: name,
    tick: uint32,
    takenAtNs: int64,
    reads: uint32,
    readBytes: uint64,
    writes: uint32,
    writtenBytes: uint64,
    inFlight: uint32,
    busyMs: uint32,
    disk: name,
    readMs: uint64,
    writeMs: uint64,
    queueMs: uint64,
    sinceNs: int64,
    gap: fc.boolean(),
    commands: uint32,
  },
  noneRequired,
);
const core = fc.record(
  {
    userMs: uint32,
    systemMs: uint32,
    irqMs: uint32,
    softirqMs: uint32,
    stealMs: uint32,
    idleMs: uint32,
    iowaitMs: uint32,
  },
  noneRequired,
);
const cpu = fc.record(
  { tick: uint32, takenAtNs: int64, cores: fc.array(core, { maxLength: 5 }), sinceNs: int64, gap: fc.boolean() },
  noneRequired,
);
const record = fc.oneof(
  fc.record({ seq: uint32, atNs: int64, body: fc.record({ case: fc.constant("cpu" as const), value: cpu }) }),
  fc.record({ seq: uint32, atNs: int64, body: fc.record({ case: fc.constant("fio" as const), value: fio }) }),
  fc.record({ seq: uint32, atNs: int64, body: fc.record({ case: fc.constant("disk" as const), value: disk }) }),
);

test("every sample is decoded as the general decoder does", () => {
  fc.assert(
    fc.property(record, (init) => {
      const payload = toBinary(RecordSchema, create(RecordSchema, init));
      expect(decodeRecord(payload)).toEqual(fromBinary(RecordSchema, payload));
    }),
    { numRuns: 300 },
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

test("a field of a newer contract inside a sample is kept as an unknown field", () => {
  for (const body of [
    { case: "fio" as const, value: { tick: 3 } },
    { case: "disk" as const, value: { tick: 3 } },
    { case: "cpu" as const, value: { tick: 3 } },
  ]) {
    const payload = toBinary(RecordSchema, create(RecordSchema, { seq: 1, body }));
    const newer = Buffer.concat([payload, Uint8Array.of(15 * 8, 7)]);
    expect(decodeRecord(newer)).toEqual(fromBinary(RecordSchema, newer));
    expect(decodeRecord(newer).$unknown).toHaveLength(1);
  }
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

import { create, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import type { RunMessage } from "@salvo/shared/bus/consume.ts";
import { recordHead } from "@salvo/shared/bus/record-head.ts";
import { damaged, fuzzRuns } from "@salvo/shared/testing/fuzz.fixture.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { tailLines } from "./tail-format.ts";
import { createTailRecords } from "./tail-record.ts";
import { createTailTimes } from "./tail-times.ts";

const payloads = [...syntheticRun({ agents: 1, ticks: 3 }).payloads("vm1")].map(({ payload }) => payload);

function messageOf(payload: Uint8Array, seq = recordHead(payload).seq): RunMessage {
  return { run: "r1", agent: "vm1", kind: "fio", seq, payload, storedAtNs: 1_790_000_000_000_000_000n, pending: 0 };
}

test("what a run's agents write is read, and nothing is told", () => {
  const told: string[] = [];
  const recordOf = createTailRecords((line) => told.push(line));
  expect(payloads.map((payload) => recordOf(messageOf(payload))?.seq)).toEqual(payloads.map((_, index) => index + 1));
  expect(told).toEqual([]);
});

test("what cannot be true is left out and told once for each kind, and what follows is read", () => {
  const told: string[] = [];
  const recordOf = createTailRecords((line) => told.push(line));
  const value = { participant: "vm1.disk1", tick: 1, read: { latency: { bins: [1, 2, 5000], counts: [1, 2, 3] } } };
  const bad = toBinary(RecordSchema, create(RecordSchema, { seq: 1, body: { case: "fio", value } }));
  for (let times = 0; times < 3; times++) {
    expect(recordOf(messageOf(bad))).toBeUndefined();
    expect(recordOf(messageOf(Uint8Array.of(0xff), 9))).toBeUndefined();
    expect(recordOf(messageOf(payloads[0]!, 7))).toBeUndefined();
    expect(recordOf(messageOf(payloads[0]!))).toMatchObject({ seq: 1 });
  }
  expect(told).toEqual([
    "left out: record 1 of vm1 in run r1 has a latency bin that fio does not have (bin 5000); more of this kind are not told of",
    expect.stringMatching(/^left out: record 9 of vm1 in run r1 cannot be decoded \(/),
    "left out: record 7 of vm1 in run r1 has another number than its message (it is record 1); more of this kind are not told of",
  ]);
});

test("no record, however it was altered, ends a tail", () => {
  const times = createTailTimes();
  const recordOf = createTailRecords(() => {});
  fc.assert(
    fc.property(damaged(fc.constantFrom(...payloads).map((payload) => Buffer.from(payload))), (payload) => {
      const message = messageOf(payload);
      const record = recordOf(message);
      if (!record) return;
      const wallNs = times.wallNs("r1", "vm1", message.storedAtNs, record);
      for (const format of ["json", "csv", "influx"] as const)
        tailLines(format, { run: "r1", agent: "vm1", wallNs, record });
    }),
    { numRuns: fuzzRuns(1_000) },
  );
});

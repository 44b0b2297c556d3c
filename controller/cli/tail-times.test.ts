import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createSeen, createTailTimes } from "./tail-times.ts";

const S = 1_000_000_000n;
const WALL = 1_790_000_000n * S;

function record(atNs: bigint, body: MessageInitShape<typeof RecordSchema>["body"] = { case: undefined }) {
  return create(RecordSchema, { atNs, body });
}

test("records that waited for the bus have the times at which they happened, each its own", () => {
  const times = createTailTimes();
  const fio = (tick: bigint) =>
    record(tick * S + 2n, { case: "fio", value: { takenAtNs: tick * S, countedAtNs: tick * S + 1n } });
  expect(times.wallNs("r", "a", WALL + 10n * S + 2n, fio(10n))).toBe(WALL + 10n * S + 1n);
  // An hour without a bus, and then all at one instant.
  const storedAtNs = WALL + 3600n * S;
  expect([11n, 12n, 13n].map((tick) => times.wallNs("r", "a", storedAtNs, fio(tick)))).toEqual([
    WALL + 11n * S + 1n,
    WALL + 12n * S + 1n,
    WALL + 13n * S + 1n,
  ]);
});

test("without any record that came at once a backlog still has distinct times, and each run and agent its own clock", () => {
  const times = createTailTimes();
  const cpu = (tick: bigint) => record(tick * S, { case: "cpu", value: { takenAtNs: tick * S } });
  const [first, second] = [1n, 2n].map((tick) => times.wallNs("r", "a", WALL, cpu(tick)));
  expect(first).not.toBe(second);
  expect(times.wallNs("r", "b", WALL, cpu(500n))).toBe(WALL);
  expect(times.wallNs("r2", "a", WALL, cpu(500n))).toBe(WALL);
});

test("a stalled sample is of when it was asked for, and what is no sample of when it was written", () => {
  const times = createTailTimes();
  const stalled = record(9n, { case: "fio", value: { takenAtNs: 7n, stalled: true } });
  expect(times.wallNs("r", "a", WALL + 9n, stalled)).toBe(WALL + 7n);
  expect(times.wallNs("r", "a", WALL + 99n, record(50n))).toBe(WALL + 50n);
});

test("a record is new once, in whatever order they come", () => {
  const seen = createSeen();
  expect([1, 3, 2, 3, 1].map((seq) => seen("r", "a", seq))).toEqual([false, false, false, true, true]);
  expect([seen("r", "b", 1), seen("r2", "a", 1)]).toEqual([false, false]);
});

test("what lies far behind counts as seen, however many there were", () => {
  const seen = createSeen();
  for (let seq = 1; seq <= 200_000; seq++) if (seen("r", "a", seq)) expect(seq).toBe("new");
  for (const seq of [1, 20_000, 134_464, 134_465, 200_000]) expect(seen("r", "a", seq)).toBe(true);
  expect([300_000, 299_999, 200_000, 234_465, 300_000].map((seq) => seen("r", "a", seq))).toEqual([
    false,
    false,
    true,
    false,
    true,
  ]);
});

test("whatever comes within the window is told apart as a set would", () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(numbers, (seqs) => {
      const seen = createSeen();
      const before = new Set<number>();
      for (const seq of seqs) expect(seen("r", "a", seq)).toBe(before.size === before.add(seq).size);
    }),
  );
});

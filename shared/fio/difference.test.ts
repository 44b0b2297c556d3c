import { create } from "@bufbuild/protobuf";
import { type Io, IoSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BIN_COUNT } from "./bins.ts";
import { difference } from "./difference.ts";
import { type DirectionTotals, type FioTotals, noTotals, parseDump } from "./dump.ts";
import { RECORDED_RUNS, recordedDocuments } from "./fixtures/recorded.ts";
import { addLatency, Histogram } from "./latency.ts";

/** What Io deltas add up to. */
function sum(deltas: readonly Io[]): DirectionTotals {
  const latency = new Histogram();
  for (const { latency: delta } of deltas) if (delta) addLatency(latency, delta);
  return {
    ios: deltas.reduce((ios, delta) => ios + delta.ios, 0),
    bytes: Number(deltas.reduce((bytes, delta) => bytes + delta.bytes, 0n)),
    latency,
  };
}

test.for(RECORDED_RUNS)("the differences of all dumps of %s add up to fio's own final numbers", (name) => {
  const documents = recordedDocuments(name);
  expect(documents.length).toBe(3);
  const dumps = documents.map(parseDump);
  const deltas = dumps.map((dump, index) => difference(dumps[index - 1] ?? noTotals(), dump));
  const printed = JSON.parse(documents.at(-1) ?? "").jobs[0];
  for (const direction of ["read", "write"] as const) {
    const added = sum(deltas.map((delta) => delta[direction]));
    expect(added).toEqual(dumps.at(-1)?.[direction]);
    expect(added.ios).toBe(printed[direction].total_ios);
    expect(added.ios).toBe(printed[direction].lat_ns.N);
    expect(added.bytes).toBe(printed[direction].io_bytes);
  }
});

const steps = fc.array(
  fc.record({
    bytes: fc.nat(1e9),
    bins: fc.array(fc.tuple(fc.nat(BIN_COUNT - 1), fc.integer({ min: 1, max: 1000 })), { maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 6 },
);

test("the differences of any growing totals add up to the last of them", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const dumps: FioTotals[] = [noTotals()];
      for (const { bytes, bins } of steps) {
        const before = dumps.at(-1)?.read;
        const latency = new Histogram();
        if (before) latency.merge(before.latency);
        for (const [bin, count] of bins) latency.add(bin, count);
        const read = { ios: latency.total, bytes: (before?.bytes ?? 0) + bytes, latency };
        dumps.push({ ...noTotals(), read });
      }
      const deltas = dumps.slice(1).map((dump, index) => difference(dumps[index] ?? noTotals(), dump));
      expect(sum(deltas.map(({ read }) => read))).toEqual(dumps.at(-1)?.read);
      expect(sum(deltas.map(({ write }) => write))).toEqual(noTotals().write);
    }),
  );
});

test("two dumps without I/O between them differ by nothing", () => {
  const [dump = noTotals()] = recordedDocuments("null-read").map(parseDump);
  expect(difference(dump, dump).read).toEqual(create(IoSchema, { latency: {} }));
});

test("totals that went down are corrupt, and the error says which", () => {
  const [first = noTotals(), second = noTotals()] = recordedDocuments("null-read").map(parseDump);
  const backwards = () => difference(second, first);
  expect(backwards).toThrow(expect.objectContaining({ kind: "corrupt" }));
  expect(backwards).toThrow(/^fio's total of read latency bin \d+ went down from \d+ to \d+$/);
  const lessBytes = { ...second, read: { ...second.read, bytes: 1 } };
  expect(() => difference(second, lessBytes)).toThrow(/^fio's total of read bytes went down from \d+ to 1$/);
});

import { create } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { plannedSpan, shortenedBy, tickAtOrBefore, windowOf, type ParticipantSpan } from "./window.ts";

const MS = 1_000_000n;
const spec = create(RunSpecSchema, { intervalMs: 1000, workload: { rampMs: 2000, durationMs: 10_000 } });
const ran: ParticipantSpan = { id: "g1.disk", startedNs: 1n * MS, lastTick: 12, lost: false };

test("the window is the planned one when all started at T0 and ran to the end", () => {
  expect(windowOf(spec, [ran, ran])).toEqual({ first: 2, last: 12 });
});

test("without a ramp a start within 35 ms after T0 counts as started at T0, and a later one from the next tick", () => {
  const noRamp = create(RunSpecSchema, { intervalMs: 1000, workload: { durationMs: 10_000 } });
  const at = (startedNs: bigint) => windowOf(noRamp, [ran, { ...ran, startedNs, lastTick: 10 }]);
  expect(at(35n * MS)).toEqual({ first: 0, last: 10 });
  expect(at(35n * MS + 1n)).toEqual({ first: 1, last: 10 });
  expect(at(3035n * MS)).toEqual({ first: 3, last: 10 });
  expect(at(-1n * MS)).toEqual({ first: 0, last: 10 });
});

test("whoever starts after the ramp or ends before the plan makes the window shorter for all", () => {
  expect(windowOf(spec, [ran, { ...ran, startedNs: 2500n * MS }])).toEqual({ first: 3, last: 12 });
  expect(windowOf(spec, [ran, { ...ran, lastTick: 7 }])).toEqual({ first: 2, last: 7 });
});

test("the window tells who made it shorter, the one that cost most first, and nobody that was lost", () => {
  const spans: ParticipantSpan[] = [
    ran,
    { ...ran, id: "g2.disk", startedNs: 2500n * MS },
    { ...ran, id: "g3.disk", lastTick: 7 },
    { ...ran, id: "g4.disk", lastTick: 1, lost: true },
  ];
  expect(shortenedBy(spec, spans)).toEqual(["g3.disk ended after tick 7 of 12", "g2.disk began 2.50 s after T0"]);
  expect(shortenedBy(spec, [ran])).toEqual([]);
});

test("whoever is lost does not make it shorter", () => {
  expect(windowOf(spec, [ran, { ...ran, startedNs: undefined, lastTick: 4, lost: true }])).toEqual({
    first: 2,
    last: 12,
  });
});

test("there is no window when nobody lasted, or none ran after the ramp", () => {
  expect(windowOf(spec, [{ ...ran, lost: true }])).toBeUndefined();
  expect(windowOf(spec, [])).toBeUndefined();
  expect(windowOf(spec, [ran, { ...ran, lastTick: 2 }])).toBeUndefined();
});

test("a ramp or an end between ticks gives the ticks inside", () => {
  const odd = create(RunSpecSchema, { intervalMs: 1000, workload: { rampMs: 1500, durationMs: 3000 } });
  expect(plannedSpan(odd)).toEqual({ first: 2, last: 4 });
});

test("an instant belongs to the tick before it", () => {
  expect([-5n, 0n, 999n * MS, 1000n * MS].map((ns) => tickAtOrBefore(ns, 1000))).toEqual([0, 0, 0, 1]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { msToNs } from "../../kernel/time.ts";
import { compareReadings, type Reading, type Told } from "./readings.ts";

const INTERVAL_MS = 100;
const at = (ms: number, value = ms): Reading<number> => ({ atNs: msToNs(ms), value });
const tick = (ms: number) => ({ nowNs: msToNs(ms), intervalMs: INTERVAL_MS });

test("two readings make a sample of the time between them, whenever the tick was", () => {
  expect(compareReadings(at(10), at(95), tick(100))).toEqual({
    told: { gap: false, takenAtNs: msToNs(95), sinceNs: msToNs(10), before: 10, now: 95 },
    last: at(95),
  });
});

test("a reading as old as two intervals counts, an older one is a gap", () => {
  expect(compareReadings(at(10), at(100), tick(300)).told.gap).toBe(false);
  const gap = { gap: true, takenAtNs: msToNs(300.001), sinceNs: msToNs(10) };
  expect(compareReadings(at(10), at(100), tick(300.001))).toEqual({ told: gap, last: at(10) });
});

test.for([
  ["missing", undefined],
  ["the last one again", at(10)],
  ["from before the last one", at(9)],
] as const)("a reading that is %s is a gap, and the next sample has the whole time", ([, latest]) => {
  const { told, last } = compareReadings(at(10), latest, tick(100));
  expect(told).toEqual({ gap: true, takenAtNs: msToNs(100), sinceNs: msToNs(10) });
  expect(compareReadings(last, at(190), tick(200)).told).toMatchObject({ gap: false, sinceNs: msToNs(10), before: 10 });
});

test("counters that began anew are a gap, and what they count from then on is the next sample", () => {
  const beganAnew = (before: number, now: number) => now < before;
  const { told, last } = compareReadings(at(10, 500), at(95, 3), tick(100), beganAnew);
  expect(told).toEqual({ gap: true, takenAtNs: msToNs(100), sinceNs: msToNs(10) });
  expect(compareReadings(last, at(190, 9), tick(200), beganAnew).told).toMatchObject({
    gap: false,
    sinceNs: msToNs(95),
    before: 3,
    now: 9,
  });
});

test("a source without a reading at T0 begins with its first one", () => {
  const first = compareReadings(undefined, at(150), tick(160));
  expect(first).toEqual({ told: { gap: true, takenAtNs: msToNs(160), sinceNs: 0n }, last: at(150) });
  expect(compareReadings(first.last, at(250), tick(260)).told).toMatchObject({ gap: false, sinceNs: msToNs(150) });
});

test("whatever a source does, samples follow each other without a hole and count nothing twice", () => {
  const readings = fc.array(fc.option(fc.record({ ageMs: fc.nat(350) }), { nil: undefined }), { maxLength: 30 });
  fc.assert(
    fc.property(readings, (ages) => {
      let last: Reading<number> | undefined;
      const told: Told<number>[] = [];
      for (const [index, each] of ages.entries()) {
        const nowMs = 1_000 + index * INTERVAL_MS;
        const compared = compareReadings(last, each && at(nowMs - each.ageMs), tick(nowMs));
        told.push(compared.told);
        last = compared.last;
      }
      const counted = told.flatMap((each) => (each.gap ? [] : [each]));
      for (const [index, { sinceNs, takenAtNs, before, now }] of counted.entries()) {
        expect(takenAtNs).toBeGreaterThan(sinceNs);
        expect([msToNs(before), msToNs(now)]).toEqual([sinceNs, takenAtNs]);
        if (index > 0) expect(sinceNs).toBe(counted[index - 1]!.takenAtNs);
      }
    }),
  );
});

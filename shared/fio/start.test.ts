import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NS_PER_MS } from "../kernel/time.ts";
import { countedAtNs, proveStart, type StartWitness, wallOffsetNs } from "./start.ts";

const WALL_OFFSET_NS = -1_790_000_000_000_000_000n;

/** When a dump is asked for after the start, how long fio takes to read its run time, its wall clock and to answer, ns. */
interface Moments {
  readonly askedNs: number;
  readonly runtimeNs: number;
  readonly stampNs: number;
  readonly answerNs: number;
}

const moments = fc.record({
  askedNs: fc.integer({ min: 1_100_000, max: 30_000_000_000 }),
  runtimeNs: fc.integer({ min: 0, max: 3_000_000 }),
  stampNs: fc.integer({ min: 0, max: 50_000_000 }),
  answerNs: fc.integer({ min: 0, max: 5_000_000 }),
});

/** What a fio that started at startNs, and whose counter is ppm too fast, makes the agent see. */
function witness(startNs: bigint, moment: Moments, { ppm = 0, wallStepNs = 0n } = {}): StartWitness {
  const askedAtNs = startNs + BigInt(moment.askedNs);
  const runtimeAtNs = askedAtNs + BigInt(moment.runtimeNs);
  const stampAtNs = runtimeAtNs + BigInt(moment.stampNs);
  return {
    askedAtNs,
    receivedAtNs: stampAtNs + BigInt(moment.answerNs),
    runtimeMs: Math.floor((Number(runtimeAtNs - startNs) * (1 + ppm / 1e6)) / 1e6),
    timestampMs: Number((stampAtNs - WALL_OFFSET_NS + wallStepNs) / NS_PER_MS),
    wallOffsetNs: WALL_OFFSET_NS,
  };
}

const start = fc.bigInt({ min: 0n, max: 10n ** 15n });
const drift = fc.integer({ min: -50, max: 50 });

test("the true start is always within the bounds", () => {
  fc.assert(
    fc.property(start, fc.array(moments, { minLength: 1, maxLength: 8 }), drift, (startNs, list, ppm) => {
      const bounds = proveStart(list.map((moment) => witness(startNs, moment, { ppm })));
      expect(bounds?.earliestNs).toBeLessThanOrEqual(startNs);
      expect(bounds?.latestNs).toBeGreaterThanOrEqual(startNs);
      expect(bounds?.stepped).toBe(false);
    }),
  );
});

test("a wall clock that goes on only 64 times a second is allowed for, where fio stamps by such a one", () => {
  const tickNs = 15_625_000n;
  fc.assert(
    fc.property(start, fc.array(moments, { minLength: 1, maxLength: 8 }), (startNs, list) => {
      const seen = list.map((moment) => {
        const exact = witness(startNs, moment);
        const stampNs = BigInt(exact.timestampMs) * NS_PER_MS;
        return { ...exact, timestampMs: Number((stampNs - (stampNs % tickNs)) / NS_PER_MS), stampLagNs: tickNs };
      });
      const bounds = proveStart(seen);
      expect(bounds?.earliestNs).toBeLessThanOrEqual(startNs);
      expect(bounds?.latestNs).toBeGreaterThanOrEqual(startNs);
      expect(bounds?.stepped).toBe(false);
      for (const each of seen) {
        expect(countedAtNs(each)).toBeGreaterThanOrEqual(each.askedAtNs);
        expect(countedAtNs(each)).toBeLessThanOrEqual(each.receivedAtNs);
      }
    }),
  );
});

test("after a step of the wall clock that the dumps show, the true start is still within the bounds", () => {
  const back = fc.bigInt({ min: -(10n ** 12n), max: -60n * NS_PER_MS });
  const forward = fc.bigInt({ min: 2000n * NS_PER_MS, max: 10n ** 13n });
  const step = fc.oneof(back, forward);
  fc.assert(
    fc.property(start, moments, moments, step, (startNs, before, after, wallStepNs) => {
      const bounds = proveStart([witness(startNs, before), witness(startNs, after, { wallStepNs })]);
      expect(bounds?.earliestNs).toBeLessThanOrEqual(startNs);
      expect(bounds?.latestNs).toBeGreaterThanOrEqual(startNs);
      expect(bounds?.stepped).toBe(true);
    }),
  );
});

test("dumps at different fractions of a millisecond prove the start to a fraction of one", () => {
  const quick = { runtimeNs: 20_000, stampNs: 30_000, answerNs: 200_000 };
  const width = (...askedNs: number[]) => {
    const bounds = proveStart(askedNs.map((askedNs) => witness(5_000_000_000n, { askedNs, ...quick })));
    return bounds ? Number(bounds.latestNs - bounds.earliestNs) : Infinity;
  };
  const one = width(10_500_000);
  expect(one).toBeGreaterThan(1_000_000);
  expect(one).toBeLessThan(2_000_000);
  expect(width(10_050_000, 11_300_000, 12_550_000, 13_800_000, 14_950_000)).toBeLessThan(400_000);
});

test("of a dump that came late, fio's own wall clock still says when it was taken", () => {
  const slow = { askedNs: 10_500_000, runtimeNs: 20_000, stampNs: 30_000, answerNs: 40_000_000 };
  const bounds = proveStart([witness(0n, slow)]);
  expect(bounds?.latestNs).toBeLessThan(2n * NS_PER_MS);
});

test("without a dump from after the first completed I/O nothing is proven", () => {
  const early = { ...witness(0n, { askedNs: 5e6, runtimeNs: 0, stampNs: 0, answerNs: 0 }), runtimeMs: 0 };
  expect(proveStart([])).toBeUndefined();
  expect(proveStart([early])).toBeUndefined();
});

test("once clocks have run apart, later dumps cannot undo what earlier ones proved", () => {
  const at = (askedNs: number) => ({ askedNs, runtimeNs: 10_000, stampNs: 10_000, answerNs: 10_000 });
  const early = witness(0n, at(1e9));
  const late = witness(0n, at(100e9), { ppm: 500 });
  expect(proveStart([early, late])).toEqual(proveStart([early]));
});

test("the offset of the wall clock is read at the instant its millisecond changes", () => {
  // Each look at a clock takes 300 ns.
  let nowNs = 1_000_000_123n;
  const look = () => (nowNs += 300n);
  const wallMs = () => Number((look() - WALL_OFFSET_NS) / NS_PER_MS);
  const errorNs = wallOffsetNs(look, wallMs) - WALL_OFFSET_NS;
  expect(errorNs).toBeGreaterThanOrEqual(0n);
  expect(errorNs).toBeLessThanOrEqual(600n);
});

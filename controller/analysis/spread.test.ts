import { expect, test } from "vitest";
import { lateStarts, startBoundNs, startSpread, type FirstIo } from "./spread.ts";

const MS = 1_000_000n;
const io = (earliestNs: bigint, latestNs: bigint): FirstIo => ({ participant: "p", earliestNs, latestNs });

test("the spread is told from the middles of the proofs, behind the earliest of them", () => {
  const spread = startSpread([io(4n * MS, 6n * MS), io(0n, 2n * MS), io(1n * MS, 2n * MS)]);
  expect(spread).toMatchObject({ p50: 0.5, p95: 4, max: 4 });
});

test("percentiles are of the nearest rank: values that some participant has", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => io(BigInt(index) * MS, BigInt(index) * MS));
  expect(startSpread(hundred.toReversed())).toMatchObject({ p50: 49, p95: 94, max: 99 });
});

test("one participant has no spread, and none has none to tell", () => {
  expect(startSpread([io(3n, 9n)])).toMatchObject({ p50: 0, p95: 0, max: 0 });
  expect(startSpread([])).toBeUndefined();
});

test("the bound is half the widest proof, rounded up", () => {
  expect(startBoundNs([io(0n, 4n), io(10n, 17n)])).toBe(4n);
  expect(startBoundNs([])).toBe(0n);
});

test("late is who lies further behind the earliest than the limit", () => {
  const at = (participant: string, ms: bigint): FirstIo => ({
    participant,
    earliestNs: ms * MS,
    latestNs: ms * MS + 2n * MS,
  });
  expect(lateStarts([at("a", 26n), at("b", 0n), at("c", 25n)], 25)).toEqual([{ participant: "a", lateMs: 26 }]);
  expect(lateStarts([], 25)).toEqual([]);
});

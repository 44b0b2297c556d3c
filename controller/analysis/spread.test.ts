import { expect, test } from "vitest";
import { lateStarts, startSpread, widestProof, type FirstIo } from "./spread.ts";

const MS = 1_000_000n;
const io = (earliestNs: bigint, latestNs: bigint, participant = "p"): FirstIo => ({
  participant,
  agent: "a",
  earliestNs,
  latestNs,
  clockBoundNs: 0n,
  rttNs: 0n,
});

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

test("the widest proof bounds the spread by half its width, rounded up", () => {
  expect(widestProof([io(0n, 4n, "p"), io(10n, 17n, "q"), io(3n, 4n, "r")])).toMatchObject({
    participant: "q",
    boundNs: 4n,
  });
  expect(widestProof([])).toBeUndefined();
});

test("late is who lies further behind the earliest than the limit", () => {
  const at = (participant: string, ms: bigint): FirstIo => io(ms * MS, ms * MS + 2n * MS, participant);
  expect(lateStarts([at("a", 26n), at("b", 0n), at("c", 25n)], 25, 10)).toEqual([{ participant: "a", lateMs: 26 }]);
  expect(lateStarts([], 25, 10)).toEqual([]);
});

test("who is known too badly to say is late only when no start within the proofs is in time", () => {
  const exact = io(0n, 2n * MS, "near");
  // Over a network of 84 ms the middle may be wrong by 42 ms.
  const far = (middleMs: bigint) => io((middleMs - 42n) * MS, (middleMs + 42n) * MS, "far");
  expect(lateStarts([exact, far(40n)], 25, 10)).toEqual([]);
  expect(lateStarts([exact, far(70n)], 25, 10)).toEqual([{ participant: "far", lateMs: 69 }]);
});

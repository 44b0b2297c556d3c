import { array, assert, integer, option, property } from "fast-check";
import { expect, test } from "vitest";
import { decimate, type Point } from "./decimate.ts";

const points = array(option(integer({ min: 0, max: 1000 })), { minLength: 1, maxLength: 4000 }).map((values) =>
  values.map((y, x): Point => [x, y]),
);

test("a line of any length keeps its extremes, its ends of gaps and its order within the limit", () => {
  assert(
    property(points, integer({ min: 3, max: 1500 }), (line, pointsMax) => {
      const kept = decimate(line, pointsMax);
      expect(kept.length).toBeLessThanOrEqual(pointsMax);
      expect(kept).toEqual(kept.toSorted((a, b) => a[0] - b[0]));
      const known = line.map(([, y]) => y).filter((y) => y !== null);
      const left = kept.map(([, y]) => y).filter((y) => y !== null);
      expect([Math.min(...left), Math.max(...left)]).toEqual([Math.min(...known), Math.max(...known)]);
      expect(kept.some(([, y]) => y === null)).toBe(line.some(([, y]) => y === null));
    }),
    { numRuns: 50 },
  );
});

test("a single zero in a day of samples is still there", () => {
  const day = Array.from({ length: 86_400 }, (_, x): Point => [x, x === 43_210 ? 0 : 5000 + (x % 7)]);
  expect(decimate(day, 1500)).toContainEqual([43_210, 0]);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { greatest, least } from "./extremes.ts";

test("they are what Math.max and Math.min say, also of more values than a call may have", () => {
  fc.assert(
    fc.property(fc.array(fc.double()), fc.double(), (values, bound) => {
      expect([greatest(values), greatest(values, bound)]).toEqual([Math.max(...values), Math.max(...values, bound)]);
      expect([least(values), least(values, bound)]).toEqual([Math.min(...values), Math.min(...values, bound)]);
    }),
  );
  const many = Array.from({ length: 1_000_000 }, (_, index) => index);
  expect(() => Math.max(...many)).toThrow(RangeError);
  expect([least(many), greatest(many)]).toEqual([0, 999_999]);
});

import { expect, test } from "vitest";
import { parseCount, parseSeconds } from "./values.ts";

test("counts go from 1 to 1000, seconds from 1 to a week", () => {
  expect([parseCount("1"), parseCount("1000"), parseSeconds("1"), parseSeconds("604800")]).toEqual([
    1, 1000, 1, 604_800,
  ]);
  for (const text of ["0", "1001", "604801"]) expect(() => parseCount(text)).toThrow("from 1 to 1000");
  for (const text of ["0", "604801"]) expect(() => parseSeconds(text)).toThrow("from 1 to 604800");
});

test.for(["", " ", "-1", "1.5", "1e2", "0x10", "5s", "five", "१"])("what is no whole number is refused: %j", (text) => {
  expect(() => parseCount(text)).toThrow("a whole number");
  expect(() => parseSeconds(text)).toThrow("whole seconds");
});

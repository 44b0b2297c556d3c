import { Unit } from "@salvo/proto/rule_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatQuantity, parseQuantity } from "./quantity.ts";

test.each([
  ["4KiB", 4096n],
  ["4 KiB", 4096n],
  ["0B", 0n],
  ["1.5GiB", 1_610_612_736n],
  ["16TiB", 17_592_186_044_416n],
])("%s is %i bytes", (text, value) => {
  expect(parseQuantity(text, Unit.BYTES)).toEqual({ value });
});

test.each([
  ["250ms", 250n],
  ["0.5s", 500n],
  ["10s", 10_000n],
  ["2m", 120_000n],
  ["1.5h", 5_400_000n],
])("%s is %i milliseconds", (text, value) => {
  expect(parseQuantity(text, Unit.MILLISECONDS)).toEqual({ value });
});

test.each([
  ["4KB", "write 4KiB if that is what you mean; Salvo counts in powers of 1024"],
  ["4k", "write 4KiB"],
  ["4m", "write 4MiB"],
  ["4gb", "write 4GiB"],
  ["4b", "write 4B"],
  ["4096", "needs a unit: write 4KiB if you mean bytes"],
  ["100", "needs a unit: write 100B if you mean bytes, 100KiB if KiB"],
  ["10s", "must be a size such as 4KiB (B, KiB, MiB, GiB, TiB); 10s is a time"],
  ["0.5B", "must be a whole number of bytes, but is 0.5B"],
  ["-4KiB", "must not be negative, but is -4KiB"],
  ["4 parsecs", 'has the unknown unit "parsecs": write a size'],
  ["big", 'must be a size such as 4KiB (B, KiB, MiB, GiB, TiB), not "big"'],
  ["", "must be a size"],
  ["4KiB4KiB", "must be a size"],
])("the size %s is refused: %s", (text, problem) => {
  expect(parseQuantity(text, Unit.BYTES)).toEqual({ problem: expect.stringContaining(problem) });
});

test.each([
  ["10", "needs a unit: write 10s if you mean seconds, 10ms if milliseconds"],
  ["10sec", "write 10s"],
  ["2min", "write 2m"],
  ["2hours", "write 2h"],
  ["1S", "write 1s"],
  ["4KiB", "must be a time such as 10s (ms, s, m, h); 4KiB is a size"],
  ["1.5ms", "must be a whole number of milliseconds, but is 1.5ms"],
  ["1m30s", "must be a time"],
])("the time %s is refused: %s", (text, problem) => {
  expect(parseQuantity(text, Unit.MILLISECONDS)).toEqual({ problem: expect.stringContaining(problem) });
});

test("what is formatted is read back as the same value, in both units", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(Unit.BYTES, Unit.MILLISECONDS),
      (value, unit) => {
        expect(parseQuantity(formatQuantity(value, unit), unit)).toEqual({ value });
      },
    ),
  );
  expect(formatQuantity(65_536n, Unit.BYTES)).toBe("64KiB");
  expect(formatQuantity(90_000n, Unit.MILLISECONDS)).toBe("90s");
});

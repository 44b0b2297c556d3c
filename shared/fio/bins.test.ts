import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BIN_COUNT, binNs, binOf, binRangeNs, binWidthNs, CLAMP_BIN } from "./bins.ts";
import { RECORDED_RUNS, recordedDocuments } from "./fixtures/recorded.ts";

test("every bin that a real fio printed maps to a number and back to what it printed", () => {
  const keys = new Set<string>();
  for (const document of RECORDED_RUNS.flatMap(recordedDocuments)) {
    for (const [, bins = ""] of document.matchAll(/"bins" : \{([^}]*)\}/g)) {
      for (const [, key = ""] of bins.matchAll(/"(\d+)"/g)) keys.add(key);
    }
  }
  expect(keys.size).toBeGreaterThan(500);
  for (const key of keys) expect(`${binNs(binOf(Number(key)))}`).toBe(key);
});

test("all bins together hold every latency below 2^34 ns exactly once", () => {
  let edgeNs = 0;
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    expect(binOf(edgeNs)).toBe(bin);
    expect(binOf(binNs(bin))).toBe(bin);
    expect(binRangeNs(bin)).toEqual({ leastNs: edgeNs, mostNs: edgeNs + binWidthNs(bin) - 1 });
    edgeNs += binWidthNs(bin);
    expect(binOf(edgeNs - 1)).toBe(bin);
  }
  expect(edgeNs).toBe(2 ** 34);
});

test("a bin is at most 1/64 of its latencies wide", () => {
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 2 ** 34 - 1 }), (ns) => {
      expect(binWidthNs(binOf(ns)) / ns).toBeLessThanOrEqual(1 / 64);
      expect(Math.abs(binNs(binOf(ns)) - ns)).toBeLessThanOrEqual(binWidthNs(binOf(ns)) / 2);
    }),
  );
});

test("what takes longer than fio's bins reach lands in the last one", () => {
  expect(binOf(2 ** 34)).toBe(CLAMP_BIN);
  expect(binOf(60e9)).toBe(CLAMP_BIN);
  expect(binNs(CLAMP_BIN)).toBe(17_112_760_320);
});

test("a bin that does not exist is a bug", () => {
  expect(() => binNs(BIN_COUNT)).toThrow("bug");
  expect(() => binOf(-1)).toThrow("bug");
});

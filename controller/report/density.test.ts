import { expect, test } from "vitest";
import { densityOf } from "./density.ts";
import { mergedLatency, samplesInWindow } from "./latency.ts";
import { exampleRun } from "./example.ts";

test("the shares of all steps add up to one, whatever the widths of fio's bins", () => {
  const density = densityOf(mergedLatency(samplesInWindow(exampleRun()), ["read", "write"])) ?? [];
  expect(density.reduce((sum, [, share]) => sum + share, 0)).toBeCloseTo(1, 9);
});

test("the outline begins and ends at zero", () => {
  const density = densityOf(mergedLatency(samplesInWindow(exampleRun()), ["read"])) ?? [];
  expect([density[0]?.[1], density.at(-1)?.[1]]).toEqual([0, 0]);
});

test("of no I/O there is no distribution", () => {
  expect(densityOf(mergedLatency([], ["read"]))).toBeUndefined();
});

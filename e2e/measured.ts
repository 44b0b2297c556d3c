import { expect } from "vitest";
import type { RanStudy, RunLine } from "./lab.ts";

export interface Samples {
  readonly expected: number;
  readonly received: number;
  readonly backfilled: number;
  readonly missing: number;
}

export function samplesOf(line: RunLine): Samples {
  // The shape of the line is what these tests look at.
  return line["samples"] as unknown as Samples;
}

/** What a machine that has too much to do may be reproached with. No fault of those that these tests make. */
const SLOW =
  /^(fio stalled on|clocks agree to|the start is proven to|the start of .* is not proven|the participants ran together|counts of |\S+ started [\d.]+ ms after)/;

/** Every run was measured to its end and every sample is in its archive. */
export function expectAllThere({ runs, exitCode, stderr }: RanStudy, count = 1): readonly RunLine[] {
  expect(runs, stderr).toHaveLength(count);
  for (const line of runs) {
    const { expected, received, backfilled, missing } = samplesOf(line);
    expect(missing, line.reason).toBe(0);
    expect(expected, line.reason).toBeGreaterThan(0);
    expect(received + backfilled).toBe(expected);
    if (line.verdict === "complete") continue;
    expect(line.verdict, line.reason).toBe("degraded");
    expect(line.reason).toMatch(SLOW);
  }
  expect(exitCode).toBe(runs.every(({ verdict }) => verdict === "complete") ? 0 : 3);
  return runs;
}

import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInstant,
  formatMicros,
  formatPercent,
  formatShort,
} from "./units.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

test("latencies take the unit that fits, with three significant digits", () => {
  const shown = [0, 0.4, 9.7, 59, 412, 999.4, 999.6, 4120, 999_600, 1_200_000].map((us) => plain(formatMicros(us)));
  expect(shown).toEqual([
    "0 µs",
    "400 ns",
    "9.70 µs",
    "59.0 µs",
    "412 µs",
    "999 µs",
    "1.00 ms",
    "4.12 ms",
    "1.00 s",
    "1.20 s",
  ]);
});

test("counts are grouped, small ones keep their digits", () => {
  expect([41_235.4, 99.97, 12.34, 3].map(formatCount)).toEqual(["41,235", "100", "12.3", "3"]);
  expect([0, 250, 1500, 40_000, 2e6].map(formatShort)).toEqual(["0", "250", "1.5k", "40k", "2M"]);
});

test("bytes, durations, shares and instants read as people write them", () => {
  expect([512, 4096, 1.5 * 2 ** 30].map((bytes) => plain(formatBytes(bytes)))).toEqual(["512 B", "4 KiB", "1.50 GiB"]);
  expect([100, 1500, 90_000, 7_260_000].map((ms) => plain(formatDuration(ms)))).toEqual([
    "100 ms",
    "1.5 s",
    "1 min 30 s",
    "2 h 1 min",
  ]);
  expect([0, 0.0004, 0.021, 0.153, 1].map((share) => plain(formatPercent(share)))).toEqual([
    "0 %",
    "0.04 %",
    "2.1 %",
    "15.3 %",
    "100 %",
  ]);
  expect(formatInstant(1_780_000_000_000_000_000n)).toBe("2026-05-28 20:26:40 UTC");
});

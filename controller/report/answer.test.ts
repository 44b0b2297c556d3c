import { expect, test } from "vitest";
import { archivedManifest } from "../store/archived.fixture.ts";
import { answerSection } from "./answer.ts";
import { openElements } from "./markup.ts";

function repeats(scenario: string, iops: readonly number[]) {
  return iops.map((each, index) =>
    archivedManifest({
      run: `${scenario}-${index}`,
      scenario,
      iops: each,
      p99Us: 90e6 / each,
      t0WallNs: BigInt(1 + index) * 1_000_000_000n + (scenario === "iscsi" ? 0n : 1n),
    }),
  );
}

const ISCSI = [101_200, 99_800, 100_400, 102_900, 98_700, 100_900, 101_800, 99_100];
const ISER = [143_100, 139_900, 141_400, 146_200, 138_800, 142_000, 140_600, 144_400];

function textOf(markup = ""): string {
  return markup.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
}

test("the answer has a sentence, a bar with its error bar and a line of the table for each scenario", () => {
  const page = answerSection([...repeats("iscsi", ISCSI), ...repeats("iser", ISER)])?.markup ?? "";
  expect(openElements(page)).toEqual([]);
  const text = textOf(page);
  expect(text).toContain("iser is faster: 1.41 times (95 %: 1.39 to 1.44) the IOPS of iscsi.");
  expect(text).toContain("iser is faster: 0.71 times (95 %: 0.70 to 0.72) the p99 of iscsi.");
  expect(text).toMatch(/iser 8 141,700 \(138,800 to 146,200\) .* faster 1\.41 times/);
  // The base is 100,650 of at most 146,200, and its interval goes from 98,700 to 102,900.
  expect(page).toContain('<i style="width:68.84%"></i');
  expect(page).toContain('<b style="left:67.51%;width:2.87%"></b');
  expect(page).toContain(
    'aria-label="IOPS of 4k: iscsi 100,650 (98,700 to 102,900); iser 141,700 (138,800 to 146,200)"',
  );
});

test("with too few repeats the range stands in brackets, and the sentence says how many are needed", () => {
  const page = answerSection([...repeats("iscsi", ISCSI.slice(0, 2)), ...repeats("iser", ISER.slice(0, 2))]);
  const text = textOf(page?.markup);
  expect(text).toContain("100,500 [99,800 to 101,200]");
  expect(text).toContain("An interval needs at least 4 repeats of each.");
});

test("names do not become markup, and one run alone is no answer", () => {
  const hostile = '"><script>';
  const page = answerSection([...repeats(hostile, ISCSI), ...repeats("iser", ISER)])?.markup ?? "";
  expect(page).not.toContain("<script");
  expect(openElements(page)).toEqual([]);
  expect(answerSection(repeats("iser", ISER.slice(0, 1)))).toBeUndefined();
  expect(answerSection(repeats("iser", ISER))?.markup).not.toContain("<svg");
  expect(answerSection([])).toBeUndefined();
});

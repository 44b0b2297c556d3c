import { expect, test } from "vitest";
import { runSelection } from "./run-selection.ts";

const RUN = {
  run: "20261122-2232-001-4k-randread-68d6",
  study: "article",
  scenario: "iser",
  tags: { firmware: "1.2" },
  t0WallNs: BigInt(Date.parse("2026-11-22T22:33:00Z")) * 1_000_000n,
};

test.for([
  "20261122-2232-001-4k-randread-68d6",
  "20261122",
  "*-68d6",
  "article",
  "art*",
  "iser",
  "article/iser",
  "*/is?r",
  "nothing,iser",
  "2026-11-22..2026-11-23",
  "2026-11-22..",
  "firmware=1.2",
  "firmware=1.*",
  "..2026-12-01",
  "2026-11-22T22:33:00Z..2026-11-22T22:34:00Z",
])("%s means the run", (word) => {
  expect(runSelection(word)(RUN)).toBe(true);
});

test.for([
  "68d6",
  "articl",
  "ise",
  "iser/article",
  "firmware=2",
  "rack=",
  "",
  "..",
  "2026-11-23..",
  "..2026-11-22T22:33:00Z",
  "2026-99-99..",
])("%s does not", (word) => {
  expect(runSelection(word)(RUN)).toBe(false);
});

test("a run that was never fired is of no time", () => {
  expect(runSelection("..2027-01-01")({ ...RUN, t0WallNs: 0n })).toBe(false);
});

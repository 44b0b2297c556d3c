import { expect, test } from "vitest";
import { type FilteredRun, type RunFilter, runFilter } from "./run-filter.ts";

const run: FilteredRun = {
  run: "20261130-2125-001-4k-randread-ab61",
  study: "article",
  scenario: "iser",
  workload: "4k-randread",
  verdict: "complete",
  tags: { firmware: "1.2", rack: "a=b" },
};
const NOW = new Date("2026-12-01T00:00:00Z");

test.for<[boolean, RunFilter]>([
  [true, {}],
  [true, { study: "art*", scenario: "iser", workload: "4k-*" }],
  [false, { study: "art" }],
  [false, { workload: "64k-*" }],
  [true, { tag: ["firmware=1.2", "rack=a=b"] }],
  [false, { tag: ["firmware=1.2", "rack=c"] }],
  [true, { verdict: "degraded,complete" }],
  [false, { verdict: "degraded" }],
  [true, { since: "2026-11-30" }],
  [true, { since: "2026-11-30T21:25:00Z" }],
  [false, { since: "2026-11-30T21:26:00Z" }],
  [true, { since: "3h" }],
  [false, { since: "2h" }],
  [true, { since: "155m" }],
  [false, { since: "154m" }],
  [true, { since: "1d" }],
])("%s for %j", ([is, filter]) => {
  expect(runFilter(filter, NOW)(run)).toBe(is);
});

test.for<RunFilter>([{ since: "yesterday" }, { since: "5" }, { tag: ["firmware"] }, { tag: ["=1"] }, { tag: ["a="] }])(
  "%j is refused with what to write",
  (filter) => {
    expect(() => runFilter(filter, NOW)).toThrow(expect.objectContaining({ kind: "invalid-input" }));
  },
);

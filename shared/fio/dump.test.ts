import { expect, test } from "vitest";
import { parseDump } from "./dump.ts";
import { RECORDED_RUNS, recordedDocuments } from "./fixtures/recorded.ts";

const live = recordedDocuments("libaio-randread-4-jobs")[0] ?? "";

/** The document with what a person would call one edit. */
function edited(
  change: (document: { jobs: { read: Record<string, unknown> }[] } & Record<string, unknown>) => void,
): string {
  const document = JSON.parse(live);
  change(document);
  return JSON.stringify(document);
}

test("a live dump gives wall clock, run time and completed I/Os", () => {
  const dump = parseDump(live);
  const printed = JSON.parse(live);
  const { read } = printed.jobs[0];
  expect(dump).toMatchObject({
    timestampMs: printed.timestamp_ms,
    runtimeMs: read.runtime,
    error: 0,
    read: { bytes: read.io_bytes },
    write: { ios: 0, bytes: 0 },
  });
  expect(dump.runtimeMs).toBeGreaterThan(200);
  // Four jobs keep four I/Os each in flight, which fio counts in total_ios already.
  expect(read.total_ios - dump.read.ios).toBeGreaterThanOrEqual(0);
  expect(read.total_ios - dump.read.ios).toBeLessThanOrEqual(16);
});

test.for(RECORDED_RUNS)("in the final document of %s completed I/Os are all I/Os", (name) => {
  const final = recordedDocuments(name).at(-1) ?? "";
  const { read, write } = JSON.parse(final).jobs[0];
  const dump = parseDump(final);
  expect([dump.read.ios, dump.write.ios]).toEqual([read.total_ios, write.total_ios]);
  expect([dump.read.latency.total, dump.write.latency.total]).toEqual([read.total_ios, write.total_ios]);
});

test("the run time is that of the direction that ran", () => {
  expect(parseDump(recordedDocuments("psync-write-buffered")[0] ?? "").runtimeMs).toBeGreaterThan(200);
});

test("a run that was refused at the gate shows no error and no I/O", () => {
  const [final = ""] = recordedDocuments("refused-at-the-gate");
  expect(parseDump(final)).toMatchObject({ error: 0, runtimeMs: 0, read: { ios: 0 }, write: { ios: 0 } });
});

test("an I/O error is fio's errno", () => {
  const [final = ""] = recordedDocuments("disk-full");
  expect(parseDump(final)).toMatchObject({ error: 28, write: { ios: 0 } });
});

test("jobs that are not reported as one are added up", () => {
  const twice = parseDump(edited(({ jobs }) => jobs.push(...jobs)));
  const once = parseDump(live);
  expect(twice.read.ios).toBe(2 * once.read.ios);
  expect(twice.read.bytes).toBe(2 * once.read.bytes);
});

const lat = { N: 1 };
test.for([
  ["it is no JSON", "fio: bad option", /document: Unexpected token.*: fio: bad option$/],
  ["it ends early", live.slice(0, 500), /document: .*JSON.*: \{/],
  ["it is a list", "[]", /: document: no object: \[\]$/],
  ["it has no time", edited((root) => delete root["timestamp_ms"]), /document: no "timestamp_ms": \{"fio version"/],
  ["it has no jobs", edited((root) => root.jobs.splice(0)), /document: its list of jobs is empty/],
  ["a count is below 0", edited(({ jobs: [job] }) => (job!.read["io_bytes"] = -1)), /read\.io_bytes: no whole .*: -1$/],
  [
    "a bin is none of fio's",
    edited(({ jobs: [job] }) => (job!.read["lat_ns"] = { ...lat, bins: { 130: 1 } })),
    /"130" is no latency bin/,
  ],
  [
    "a bin is no number",
    edited(({ jobs: [job] }) => (job!.read["lat_ns"] = { ...lat, bins: { x: 1 } })),
    /"x" is no latency bin/,
  ],
  [
    "there are no bins",
    edited(({ jobs: [job] }) => (job!.read["lat_ns"] = lat)),
    /jobs\[0\]\.read\.lat_ns: no "bins": \{"N":1\}$/,
  ],
] as const)("a document is refused when %s, with its place and an excerpt", ([, text, message]) => {
  expect(() => parseDump(text)).toThrow(expect.objectContaining({ kind: "program-failed" }));
  expect(() => parseDump(text)).toThrow(message);
});

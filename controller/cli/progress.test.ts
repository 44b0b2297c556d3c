import { expect, test } from "vitest";
import type { LiveView } from "../service/live.ts";
import { createProgress, progressLine } from "./progress.ts";

const VIEW: LiveView = {
  run: "r1",
  phase: "running",
  tick: 3,
  ticks: 10,
  reported: 4,
  iops: 123_456.4,
  mibPerSec: 482.25,
  p99Us: 1_234.5,
  leftMs: 6_900,
  awaited: [],
};

/** Where a line was taken away. */
const CLEARED = "<cleared>";

/** A terminal, or none, that keeps all that was written to it, and a clock that the test sets. */
function screen(terminal: { readonly isTTY?: boolean; readonly columns?: number }) {
  const written: string[] = [];
  let nowMs = 1_000;
  const { columns, isTTY } = terminal;
  const stream = {
    ...(columns !== undefined && { columns }),
    write: (text: string) => written.push(text),
    ...(isTTY && { clearLine: () => written.push(CLEARED) }),
  };
  const progress = createProgress({ stream, title: "local/4k", nowMs: () => nowMs });
  return { progress, written, pass: (ms: number) => (nowMs += ms) };
}

test("a line says what of what, the phase, and figures while there are any", () => {
  expect(progressLine("local/4k", VIEW)).toBe(
    "local/4k  running  123,456 IOPS  482.3 MiB/s  p99 1,235 us  tick 3/10  7 s left",
  );
  expect(progressLine("t", { ...VIEW, p99Us: undefined })).toContain("p99 -");
  expect(progressLine("t", { ...VIEW, tick: 0 })).toBe("t  running  7 s left");
  expect(progressLine("t", { ...VIEW, phase: "collecting" })).toBe("t  collecting");
  expect(progressLine("t", { ...VIEW, phase: "preflight", leftMs: undefined })).toBe("t  looking at the agents");
});

test("while records are collected it is said which agents are waited for, why, and how long", () => {
  const awaited = [
    { agent: "guest1", why: "sends", forMs: 31_000, leftMs: 19_000 },
    { agent: "guest2", why: "refuses", forMs: 2_000, leftMs: 900 },
    { agent: "guest3", why: "silent", forMs: 2_000, leftMs: 18_000 },
  ] as const;
  expect(progressLine("t", { ...VIEW, phase: "collecting", awaited })).toBe(
    "t  collecting  waiting for guest1 (sends, for 31 s), guest2 (refuses connections, for 2 s, at most 1 s more), guest3 (does not answer, for 2 s, at most 18 s more)",
  );
  const many = Array.from({ length: 7 }, () => awaited[0]);
  expect(progressLine("t", { ...VIEW, phase: "collecting", awaited: many })).toMatch(/, 4 more$/);
});

test("without a terminal there is a line for every phase, and one every two seconds, without any control codes", () => {
  const { progress, written, pass } = screen({});
  progress.show({ ...VIEW, phase: "arming" });
  progress.show({ ...VIEW, phase: "arming" });
  progress.show(VIEW);
  pass(1_999);
  progress.show(VIEW);
  pass(1);
  progress.show(VIEW);
  progress.end();
  expect(written.map((line) => line.trimEnd().split("  ")[1])).toEqual([
    "arming: fio is started and waits at its gate",
    "running",
    "running",
  ]);
  // oxlint-disable-next-line no-control-regex -- that there is none is what is tested
  expect(written.every((line) => /^[^\u0000-\u0009\u000b-\u001f]*\n$/.test(line))).toBe(true);
});

test("a terminal's line is drawn over, at most five times a second, and ended once", () => {
  const { progress, written, pass } = screen({ isTTY: true, columns: 80 });
  progress.show(VIEW);
  pass(199);
  progress.show({ ...VIEW, tick: 4 });
  pass(1);
  progress.show({ ...VIEW, tick: 5 });
  progress.show({ ...VIEW, phase: "sealing" });
  progress.end();
  progress.end();
  expect(written).toEqual([
    progressLine("local/4k", VIEW).slice(0, 79),
    CLEARED,
    progressLine("local/4k", { ...VIEW, tick: 5 }).slice(0, 79),
    CLEARED,
    "local/4k  sealing",
    "\n",
  ]);
});

test.for([
  [40, 39],
  [0, 119],
  [undefined, 119],
] as const)("a line is never broken by a terminal of %s columns", ([columns, length]) => {
  const { progress, written } = screen({ isTTY: true, ...(columns !== undefined && { columns }) });
  progress.show({ ...VIEW, iops: 1e90 });
  expect(written[0]).toHaveLength(length);
});

test("what was never drawn is not ended", () => {
  const { progress, written } = screen({ isTTY: true });
  progress.end();
  expect(written).toEqual([]);
});

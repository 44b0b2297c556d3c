import { expect, test } from "vitest";
import { archivedManifest } from "../../store/archived.fixture.ts";
import { comparedRun } from "../comparison/compared-run.ts";
import { findingsAcross } from "./across-runs.ts";

interface Shape {
  readonly scenario?: string;
  readonly blockKib?: number;
  readonly queueDepth?: number;
  readonly verdict?: string;
}

let made = 0;

function ran(iops: number, p50Us: number, { scenario = "iser", blockKib = 4, queueDepth = 16, verdict }: Shape = {}) {
  const run = `r-${++made}`;
  const manifest = archivedManifest({
    run,
    scenario,
    workload: `w-${blockKib}-${queueDepth}`,
    queueDepth,
    iops,
    p99Us: 2 * p50Us,
    ...(verdict !== undefined && { verdict }),
  });
  manifest.spec!.workload!.blockSizeBytes = BigInt(blockKib * 1024);
  return comparedRun(manifest)!;
}

// groups.google.com/g/libiscsi/c/uzzy3gA9d8E: iSER of libiscsi against tgt; the latency is Little's law.
const LIBISCSI = [
  [1, 13_270],
  [2, 24_907],
  [4, 49_982],
  [8, 83_195],
  [16, 113_928],
  [32, 136_641],
  [64, 151_519],
  [128, 158_232],
] as const;
const published = (to = Infinity) =>
  LIBISCSI.filter(([depth]) => depth <= to).map(([queueDepth, iops]) =>
    ran(iops, (queueDepth * 1e6) / iops, { queueDepth }),
  );

test("published iSER figures: the queue is full from a depth of 64 on", () => {
  const [finding, ...more] = findingsAcross(published());
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    name: "queue-full",
    sentence:
      "iser had 4.4 % more IOPS at a queue depth of 128 than at 64, with 91.5 % more latency (p50): its queue is full from 64 on",
    confidence: "medium",
  });
  expect(finding?.evidence.map(({ value }) => Math.round(value))).toEqual([151_519, 422, 158_232, 809]);
  expect(finding?.evidence[0]?.runs).toHaveLength(1);
});

test("while IOPS still grow with the depth there is no knee", () => {
  expect(findingsAcross(published(32))).toEqual([]);
  expect(findingsAcross([])).toEqual([]);
});

const repeats = (iops: number, shape: Shape) => [1, 1.01, 0.99, 1.005].map((part) => ran(iops * part, 500, shape));

test("equal at small blocks and twice as fast at large ones is told, with both ratios and their runs", () => {
  const runs = [
    ...repeats(100_000, { scenario: "iscsi" }),
    ...repeats(103_000, { scenario: "iser" }),
    ...repeats(1_000, { scenario: "iscsi", blockKib: 1024 }),
    ...repeats(2_100, { scenario: "iser", blockKib: 1024 }),
  ];
  const [finding, ...more] = findingsAcross(runs);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    name: "gains-with-block-size",
    sentence: "iser is equal to iscsi at blocks of 4 KiB (1.03 times the IOPS), and 2.10 times as fast at 1 MiB",
    confidence: "high",
  });
  expect(finding?.evidence.map(({ runs: ids }) => ids.length)).toEqual([8, 8]);
});

test("faster at every block size, or at none, is no such finding; nor are runs that are not complete", () => {
  const small = repeats(100_000, { scenario: "iscsi" });
  const large = repeats(1_000, { scenario: "iscsi", blockKib: 1024 });
  const faster = [...repeats(200_000, {}), ...repeats(2_100, { blockKib: 1024 })];
  expect(findingsAcross([...small, ...large, ...faster])).toEqual([]);
  expect(findingsAcross([...small, ...large, ...repeats(100_000, {}), ...repeats(1_050, { blockKib: 1024 })])).toEqual(
    [],
  );
  const aborted = repeats(2_100, { blockKib: 1024, verdict: "aborted" });
  expect(findingsAcross([...small, ...large, ...repeats(100_000, {}), ...aborted])).toEqual([]);
});

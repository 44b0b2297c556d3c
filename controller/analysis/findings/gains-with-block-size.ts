import type { ComparedRun } from "../comparison/compared-run.ts";
import { ratioTo } from "../statistics/ratio.ts";
import type { Found } from "./rule.ts";
import { type Point, seriesBy } from "./series.ts";

/** No more than this is called equal. */
const EQUAL_MAX = 1.1;
const FASTER_MIN = 1.3;

/**
 * Two scenarios are equal at small blocks, and one is faster at large ones: what differs is bandwidth, not the cost of an I/O. (RDMA
 * against TCP looks like this where each I/O costs the same, and copies do not.)
 */
export function gainsWithBlockSize(runs: readonly ComparedRun[]): Found[] {
  const workloads = [...Map.groupBy(runs, familyOf).values()];
  return workloads.flatMap((own) => {
    const series = seriesBy(own, "blockSize");
    return series.flatMap((slow) => series.flatMap((fast) => (slow === fast ? [] : gainOf(slow, fast))));
  });
}

function familyOf({ workload }: ComparedRun): string {
  return JSON.stringify([...workload.facts].filter(([name]) => name !== "name" && name !== "blockSize"));
}

function gainOf(slow: readonly Point[], fast: readonly Point[]): Found[] {
  const common = slow.flatMap((point) => {
    const other = fast.find(({ x }) => x === point.x);
    const ratio = other && ratioTo(iopsOf(point), iopsOf(other));
    return other && ratio ? [{ x: point.x, ratio, runs: [...point.runs, ...other.runs].map(({ run }) => run) }] : [];
  });
  const [small, large] = [common[0], common.at(-1)];
  if (!small || !large || small.x === large.x) return [];
  const isEqual = small.ratio.value < EQUAL_MAX && small.ratio.value > 1 / EQUAL_MAX;
  if (!isEqual || large.ratio.value < FASTER_MIN || large.ratio.spread.low <= 1) return [];
  const [from, to] = [slow[0]?.runs[0]?.scenario.name ?? "", fast[0]?.runs[0]?.scenario.name ?? ""];
  return [
    {
      name: "gains-with-block-size",
      sentence: `${to} is equal to ${from} at blocks of ${sizeText(small.x)} (${times(small.ratio.value)} times the IOPS), and ${times(large.ratio.value)} times as fast at ${sizeText(large.x)}`,
      evidence: [small, large].map(({ x, ratio, runs }) => ({
        what: `ratio of IOPS at ${sizeText(x)}`,
        value: ratio.value,
        runs,
      })),
      confidence: large.ratio.spread.type === "interval" ? "high" : "low",
      next: "At small blocks look at what one I/O costs (interrupts, one core, the target); at large ones the bandwidth is what differs",
    },
  ];
}

function iopsOf({ runs }: Point): number[] {
  return runs.flatMap(({ values }) => values.get("iops") ?? []);
}

function times(ratio: number): string {
  return ratio.toFixed(2);
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 20 && bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`;
}

import type { ComparedRun } from "../comparison/compared-run.ts";
import type { Evidence, Found } from "./rule.ts";
import { medianOf, type Point, seriesBy } from "./series.ts";

/** From one depth to the next: hardly more I/O, and much more time for each. */
const IOPS_GAIN_MAX = 0.1;
const LATENCY_GAIN_MIN = 0.5;

/** More requests in flight only wait longer: by Little's law the queue is full, and its depth is what latency grows with. */
export function kneeOfDepth(runs: readonly ComparedRun[]): Found[] {
  return seriesBy(runs, "queueDepth").flatMap(kneeOf);
}

function kneeOf(points: readonly Point[]): Found[] {
  for (const [index, point] of points.entries()) {
    const next = points[index + 1];
    const from = figuresOf(point);
    const to = next && figuresOf(next);
    if (!next || !from || !to) continue;
    const [gain, slower] = [to.iops / from.iops - 1, to.p50 / from.p50 - 1];
    if (gain > IOPS_GAIN_MAX || slower < LATENCY_GAIN_MIN) continue;
    const [run] = point.runs;
    return [
      {
        name: "queue-full",
        sentence: `${run?.scenario.name} had ${percent(gain)} more IOPS at a queue depth of ${next.x} than at ${point.x}, with ${percent(slower)} more latency (p50): its queue is full from ${point.x} on`,
        evidence: [...evidenceOf(point, from), ...evidenceOf(next, to)],
        confidence: point.runs.length >= 4 && next.runs.length >= 4 ? "high" : "medium",
        next: `Use a queue depth of ${point.x} or less where latency matters; for more IOPS look for what serves the queue`,
      },
    ];
  }
  return [];
}

interface Figures {
  readonly iops: number;
  readonly p50: number;
}

function figuresOf(point: Point): Figures | undefined {
  const [iops, p50] = [medianOf(point, "iops"), medianOf(point, "p50")];
  return iops !== undefined && iops > 0 && p50 !== undefined && p50 > 0 ? { iops, p50 } : undefined;
}

function evidenceOf({ x, runs }: Point, { iops, p50 }: Figures): Evidence[] {
  const ids = runs.map(({ run }) => run);
  return [
    { what: `median IOPS at queue depth ${x}`, value: iops, runs: ids },
    { what: `median p50 at queue depth ${x}`, value: p50, unit: "us", runs: ids },
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

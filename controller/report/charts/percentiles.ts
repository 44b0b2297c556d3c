import type { LineSeriesOption } from "echarts/charts";
import { logMicrosAxis, panel, type Range, timeAxis } from "../axes.ts";
import type { ChartOption, ChartSize } from "../chart.ts";
import type { Point } from "../decimate.ts";
import type { Figure, LegendEntry } from "../figure.ts";
import { type Direction, mergedLatency, percentileUs } from "../latency.ts";
import { type ReportRun, secondsAfterT0, windowSeconds } from "../run.ts";
import { color } from "../theme.ts";
import { DIRECTION_COLORS } from "./latency.ts";
import { phaseAreas } from "./phases.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";

/** Enough for the width of a page. */
const POINTS_MAX = 400;
/** How many ticks a point may merge, least first. */
const MERGES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

const QUANTILES = [
  { name: "p99", share: 0.99, width: 1.8, dash: { read: [], write: [10, 3] } },
  { name: "p50", share: 0.5, width: 1.2, dash: { read: [2, 2], write: [5, 2, 1, 2] } },
] as const;

interface Line extends LegendEntry {
  readonly width: number;
  readonly points: readonly Point[];
}

/** Median and p99 over time, all participants together, reads and writes apart. Undefined when no tick supports any. */
export function percentilesFigure(run: ReportRun, id: string): Figure | undefined {
  const ticksPerPoint = ticksPerPointOf(run);
  const lines = (["read", "write"] as const)
    .flatMap((direction) => linesOf(run, direction, ticksPerPoint))
    .filter(({ points }) => points.some(([, log]) => log !== null));
  if (lines.length === 0) return undefined;
  const merged = ticksPerPoint === 1 ? "each point is one sample" : `each point merges ${ticksPerPoint} samples`;
  return {
    title: "Latency over time",
    caption: `Median and 99th percentile of all participants' I/Os together, on a logarithmic axis; ${merged}, and there is none where the I/Os are too few for it. fio counts latencies in bins that are at most 1/64 of their latency wide: so closely a percentile is known.`,
    legend: lines,
    chart: {
      id,
      label: `Latency over the seconds after T0: ${lines.map(({ name }) => name).join(", ")}.`,
      height: 250,
      draw: (size) => draw(run, lines, size),
    },
  };
}

/** As few ticks as let nine of ten points support a p99, and fit the page. */
function ticksPerPointOf(run: ReportRun): number {
  const rows = run.samples.filter(({ read, write }) => read.ios + write.ios > 0);
  const ticks = run.samples.reduce((most, { tick }) => Math.max(most, tick), 0);
  const fitting = MERGES.filter((merge) => ticks / merge <= POINTS_MAX);
  const directions = (["read", "write"] as const).filter((direction) => rows.some((row) => row[direction].ios > 0));
  const supported = fitting.find((merge) =>
    directions.every((direction) => {
      const points = [...Map.groupBy(rows, ({ tick }) => Math.floor((tick - 1) / merge)).values()];
      // As percentileNs demands: ten I/Os beyond p99.
      const able = points.filter((rows) => rows.reduce((ios, row) => ios + row[direction].ios, 0) >= 1000);
      return able.length >= 0.9 * points.length && ticks / merge >= 4;
    }),
  );
  return supported ?? fitting[0] ?? MERGES.at(-1) ?? 1;
}

function linesOf(run: ReportRun, direction: Direction, ticksPerPoint: number): Line[] {
  if (!run.samples.some((row) => row[direction].ios > 0)) return [];
  const points = [...Map.groupBy(run.samples, ({ tick }) => Math.floor((tick - 1) / ticksPerPoint)).values()].map(
    (rows) => ({
      at: greatest(rows.map(({ tNs }) => secondsAfterT0(run.manifest, tNs))),
      histogram: mergedLatency(rows, [direction]),
    }),
  );
  points.sort((a, b) => a.at - b.at);
  return QUANTILES.map(({ name, share, width, dash }) => ({
    name: `${direction} ${name}`,
    style: { color: DIRECTION_COLORS[direction], dash: dash[direction] },
    width,
    points: points.map(({ at, histogram }): Point => {
      const us = percentileUs(histogram, share);
      return [at, us === undefined ? null : Math.log10(us)];
    }),
  }));
}

function draw(run: ReportRun, lines: readonly Line[], size: ChartSize): ChartOption {
  const ends = lines.flatMap(({ points }) => points.map(([at]) => at));
  const time = { min: 0, max: greatest(ends, windowSeconds(run.manifest)?.end ?? 0) };
  const range = rangeOf(lines);
  return {
    grid: panel(size, 16, size.height - 48),
    xAxis: timeAxis(time, size),
    yAxis: {
      type: "value",
      ...logMicrosAxis(range, 7),
      axisLine: { show: false },
      splitLine: { lineStyle: { color: color("grid") } },
    },
    series: [phaseAreas(run.manifest, time.max)(0), ...lines.map(lineSeries)],
  };
}

function lineSeries({ points, width, style: { dash, color: name } }: Line): LineSeriesOption {
  return {
    type: "line",
    silent: true,
    showSymbol: points.length <= 2,
    symbol: "circle",
    symbolSize: 5,
    itemStyle: { color: color(name) },
    lineStyle: { color: color(name), width, ...(dash.length > 0 && { type: [...dash] }) },
    data: points.map(([x, y]) => [x, y]),
  };
}

function rangeOf(lines: readonly Line[]): Range {
  const logs = lines.flatMap(({ points }) => points.map(([, log]) => log)).filter((log) => log !== null);
  const [min, max] = [least(logs), greatest(logs)];
  return { min: min - 0.1, max: Math.max(max + 0.1, min + 0.5) };
}

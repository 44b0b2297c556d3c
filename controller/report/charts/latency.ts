import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { LABEL, logMicrosAxis, panel, type Range, valueAxis, type XAxis } from "../axes.ts";
import type { ChartOption, ChartSize } from "../chart.ts";
import { type Density, densityOf } from "../density.ts";
import type { Figure } from "../figure.ts";
import { type Direction, mergedLatency, percentileUs, samplesInWindow } from "../latency.ts";
import { type ReportRun, windowSeconds } from "../run.ts";
import { color, type ColorName } from "../theme.ts";
import { formatCount, formatMicros } from "../units.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";

export const DIRECTION_COLORS: Readonly<Record<Direction, ColorName>> = { read: "blue", write: "orange" };

/** Room above a plot for the names of its percentiles, one line each; and below it, for the axis. */
const MARKS_HEIGHT = 58;
const PLOT_HEIGHT = 150;
const AXIS_HEIGHT = 34;

interface Panel {
  readonly direction: Direction;
  readonly ios: number;
  readonly density: Density;
  readonly marks: readonly { readonly name: string; readonly us: number }[];
}

/** How the I/Os' latencies are distributed, reads and writes apart. Undefined without I/O. */
export function latencyFigure(run: ReportRun, id: string): Figure | undefined {
  const windowed = windowSeconds(run.manifest) !== undefined;
  const rows = windowed ? samplesInWindow(run) : run.samples;
  const panels = (["read", "write"] as const)
    .map((direction) => panelOf(rows, direction))
    .filter((panel) => panel !== undefined);
  if (panels.length === 0) return undefined;
  const unsupported = panels.some(({ marks }) => marks.length < 3);
  return {
    title: "Latency distribution",
    caption: `The share of I/Os in each step of latency, ${windowed ? "in the window" : "of all samples, as there is no window"}, on a logarithmic axis.${unsupported ? " Percentiles that too few I/Os lie beyond are not marked." : ""}`,
    chart: {
      id,
      label: panels.map(describe).join(" "),
      height: panels.length * (MARKS_HEIGHT + PLOT_HEIGHT + AXIS_HEIGHT),
      draw: (size) => draw(panels, size),
    },
  };
}

function panelOf(rows: Parameters<typeof mergedLatency>[0], direction: Direction): Panel | undefined {
  const histogram = mergedLatency(rows, [direction]);
  const density = densityOf(histogram);
  if (!density) return undefined;
  const marks = (
    [
      ["p50", 0.5],
      ["p99", 0.99],
      ["p99.9", 0.999],
    ] as const
  ).flatMap(([name, share]) => {
    const us = percentileUs(histogram, share);
    return us === undefined ? [] : [{ name, us }];
  });
  return { direction, ios: histogram.total, density, marks };
}

function describe({ direction, ios, marks }: Panel): string {
  const figures = marks.map(({ name, us }) => `${name} ${formatMicros(us)}`).join(", ");
  return `Latency of ${formatCount(ios)} ${direction}s: ${figures || "too few for percentiles"}.`;
}

function draw(panels: readonly Panel[], size: ChartSize): ChartOption {
  const range = rangeOf(panels);
  const step = MARKS_HEIGHT + PLOT_HEIGHT + AXIS_HEIGHT;
  return {
    grid: panels.map((_, index) => panel(size, index * step + MARKS_HEIGHT, PLOT_HEIGHT)),
    xAxis: panels.map((_, index) => latencyAxis(range, index, size)),
    yAxis: panels.map(({ direction }, index) => {
      const axis = valueAxis(`% of ${direction}s`, {}, index);
      return { ...axis, nameGap: MARKS_HEIGHT - 18, splitNumber: 3, axisLabel: { ...axis.axisLabel } };
    }),
    series: panels.flatMap((panel, index) => [densitySeries(panel, index), marksSeries(panel, index, range)]),
  };
}

function latencyAxis(range: Range, gridIndex: number, size: ChartSize): XAxis {
  return {
    type: "value",
    gridIndex,
    ...logMicrosAxis(range, size.narrow ? 5 : 12),
    axisLine: { show: true, lineStyle: { color: color("rule") } },
    splitLine: { lineStyle: { color: color("grid") } },
  };
}

function densitySeries({ direction, density }: Panel, index: number): LineSeriesOption {
  const name = DIRECTION_COLORS[direction];
  return {
    type: "line",
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    step: "end",
    symbol: "none",
    lineStyle: { color: color(name), width: 1.4 },
    areaStyle: { color: color(name), opacity: 0.22 },
    data: density.map(([log, share]) => [log, share * 100]),
  };
}

/**
 * A line down through the plot for each percentile, its name above and to the left: the higher percentile stands higher, so that no name lies
 * across another's line. */
function marksSeries({ marks }: Panel, index: number, { min }: Range): CustomSeriesOption {
  return {
    type: "custom",
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    clip: false,
    data: marks.map(({ us }) => [Math.log10(us), 0]),
    renderItem: ({ dataIndex }, api) => {
      const mark = marks[dataIndex];
      if (!mark) return undefined;
      const log = Math.log10(mark.us);
      const [x = 0, bottom = 0] = api.coord([log, 0]);
      const top = bottom - PLOT_HEIGHT - MARKS_HEIGHT + 18 + (marks.length - 1 - dataIndex) * 15;
      const name = `${mark.name} ${formatMicros(mark.us)}`;
      const [left = 0] = api.coord([min, 0]);
      const fits = x - left > name.length * 7;
      const place = {
        x: fits ? x - 6 : x + 6,
        y: top,
        align: fits ? "right" : "left",
        verticalAlign: "middle",
      } as const;
      return {
        type: "group",
        children: [
          {
            type: "rect",
            shape: { x: x - 0.5, y: top - 6, width: 1, height: bottom - top + 6 },
            style: { fill: color("ink") },
          },
          { type: "text", style: { text: name, ...place, ...LABEL, fill: color("ink") } },
        ],
      };
    },
  };
}

/** All I/Os but the rarest, and every mark; the panels share it, so that reads and writes can be compared. */
function rangeOf(panels: readonly Panel[]): Range {
  const logs = panels.flatMap(({ density, marks }) => [
    ...density.map(([log]) => log),
    ...marks.map(({ us }) => Math.log10(us)),
  ]);
  const [min, max] = [least(logs), greatest(logs)];
  return { min: min - 0.05, max: Math.max(max, min + 0.3) + 0.05 };
}

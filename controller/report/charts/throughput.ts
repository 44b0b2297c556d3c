import type { LineSeriesOption } from "echarts/charts";
import { panel, type Range, timeAxis, valueAxis } from "../axes.ts";
import type { ChartOption, ChartSize } from "../chart.ts";
import { decimate, type Point } from "../decimate.ts";
import type { Figure, LegendEntry } from "../figure.ts";
import { type Rate, ratesByParticipant, totalRate } from "../rates.ts";
import { type ReportRun, windowSeconds } from "../run.ts";
import { color, type LineStyle, nthLine } from "../theme.ts";
import { formatBytes } from "../units.ts";
import { phaseAreas } from "./phases.ts";
import { blockSizesOf } from "@salvo/shared/fio/block-mix.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";

/** From this block size on, bandwidth says more than I/Os per second. */
const LARGE_BLOCK_BYTES = 65_536;
const LINE_POINTS_MIN = 60;

interface Measure {
  readonly name: string;
  readonly of: (rate: Rate) => number | undefined;
}

const IOPS: Measure = { name: "IOPS", of: (rate) => rate.iops };
const MIB: Measure = { name: "MiB/s", of: ({ bytesPerSec }) => bytesPerSec && bytesPerSec / 2 ** 20 };

/** Throughput over time: all participants together above, each one below. Undefined without samples. */
export function throughputFigure(run: ReportRun, id: string): Figure | undefined {
  const rates = ratesByParticipant(run);
  const ticks = [...rates.values()].flat();
  if (ticks.length === 0) return undefined;
  const workload = run.manifest.spec?.workload;
  const sizes = workload ? blockSizesOf(workload).map(Number) : [];
  const blockBytes = greatest(sizes);
  const measure = blockBytes >= LARGE_BLOCK_BYTES ? MIB : IOPS;
  const stalls = ticks.filter(({ iops }) => iops === undefined).length;
  const together = rates.size > 1;
  const lines = [...rates].map(([name, rates], index) => ({ name, rates, style: nthLine(index) }));
  return {
    title: `Throughput over time, ${measure.name}`,
    caption: [
      together ? "Above all participants together, below each one" : "One point for each sample",
      ` (blocks of ${sizes.map(formatBytes).join(", ")})`,
      windowSeconds(run.manifest) && "; the shaded window is what the totals count, the grey part is not",
      ".",
      " fio copies its counters one after another: on a busy host IOPS and MiB/s of one sample may disagree a little; totals do not.",
      stalls > 0 &&
        ` In ${stalls} ${stalls === 1 ? "sample" : "samples"} fio did not answer in time: marked △, drawn as a gap.`,
    ]
      .filter((text) => typeof text === "string")
      .join(""),
    ...(together && { legend: lines }),
    chart: {
      id,
      label: `${measure.name} over the seconds after T0, ${rates.size} participants. ${extent(totalRate(rates.values()), measure)}`,
      height: together ? 380 : 240,
      draw: (size) => draw(run, lines, measure, size),
    },
  };
}

interface Line extends LegendEntry {
  readonly rates: readonly Rate[];
}

function draw(run: ReportRun, lines: readonly Line[], measure: Measure, size: ChartSize): ChartOption {
  const range = timeRange(run, lines);
  const shared = Math.floor(size.pointsMax / lines.length); // small however many the participants
  const pointsMax = Math.max(LINE_POINTS_MIN, Math.min(size.linePointsMax, shared));
  const areas = phaseAreas(run.manifest, range.max);
  const perParticipant = (gridIndex: number): LineSeriesOption[] => [
    areas(gridIndex),
    ...lines.map((line) => lineSeries(pointsOf(line.rates, measure), line.style, pointsMax, gridIndex)),
    stallMarks(lines, gridIndex),
  ];
  if (lines.length === 1) {
    return {
      grid: panel(size, 34, size.height - 66),
      xAxis: timeAxis(range, size),
      yAxis: valueAxis(measure.name),
      series: perParticipant(0),
    };
  }
  const total = totalRate(lines.map(({ rates }) => rates));
  return {
    grid: [panel(size, 34, 110), panel(size, 186, size.height - 218)],
    xAxis: [timeAxis(range, size, 0, false), timeAxis(range, size, 1)],
    yAxis: [valueAxis(`${measure.name}, all`, {}, 0), valueAxis(`${measure.name}, each`, {}, 1)],
    series: [
      areas(0),
      lineSeries(pointsOf(total, measure), { color: "ink", dash: [] }, pointsMax, 0),
      ...perParticipant(1),
    ],
  };
}

function pointsOf(rates: readonly Rate[], measure: Measure): Point[] {
  return rates.map((rate) => [rate.at, measure.of(rate) ?? null]);
}

function lineSeries(
  points: readonly Point[],
  style: LineStyle,
  pointsMax: number,
  gridIndex: number,
): LineSeriesOption {
  return {
    type: "line",
    xAxisIndex: gridIndex,
    yAxisIndex: gridIndex,
    silent: true,
    // A lone point between two gaps has no line: its symbol shows it.
    showSymbol: points.length <= 2,
    symbol: "circle",
    symbolSize: 5,
    itemStyle: { color: color(style.color) },
    lineStyle: { color: color(style.color), width: 1.6, ...(style.dash.length > 0 && { type: [...style.dash] }) },
    data: decimate(points, pointsMax).map(([x, y]) => [x, y]),
  };
}

/** A triangle on the axis for each sample that fio did not answer. */
function stallMarks(lines: readonly Line[], gridIndex: number): LineSeriesOption {
  const stalled = lines.flatMap(({ rates }) => rates.filter(({ iops }) => iops === undefined));
  return {
    type: "line",
    xAxisIndex: gridIndex,
    yAxisIndex: gridIndex,
    silent: true,
    clip: false,
    symbol: "triangle",
    symbolSize: 9,
    showAllSymbol: true,
    lineStyle: { opacity: 0 },
    itemStyle: { color: color("paper"), borderColor: color("poor"), borderWidth: 1.5 },
    data: decimate(
      stalled.map(({ at }) => [at, 0]),
      300,
    ).map(([x, y]) => [x, y]),
  };
}

function timeRange({ manifest }: ReportRun, lines: readonly Line[]): Range {
  const last = greatest(
    lines.flatMap(({ rates }) => rates.map(({ at }) => at)),
    windowSeconds(manifest)?.end ?? 0,
  );
  return { min: 0, max: Math.max(last, 0.1) };
}

function extent(rates: readonly Rate[], { of, name }: Measure): string {
  const known = rates.map(of).filter((value) => value !== undefined);
  if (known.length === 0) return "Nothing is known.";
  return `Together between ${Math.round(least(known))} and ${Math.round(greatest(known))} ${name}.`;
}

import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { panel, timeAxis, valueAxis } from "../axes.ts";
import type { ChartOption, ChartSize } from "../chart.ts";
import { busiestCore, cpuOfHost, type HostCpu, shareOf } from "../cores.ts";
import { decimate, type Point } from "../decimate.ts";
import type { Figure } from "../figure.ts";
import { observersOf, type ReportHost } from "../hosts.ts";
import { html, trusted } from "../html.ts";
import { CPU_KINDS, type CpuKind, type CpuRow, type ReportRun, windowSeconds } from "../run.ts";
import { color, type LineStyle } from "../theme.ts";
import { formatPercent } from "../units.ts";
import { type Heatmap, heatmapOf, heatScale } from "./heatmap.ts";
import { phaseAreas } from "./phases.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";

const KIND_LINES: Readonly<Record<CpuKind, LineStyle>> = {
  user: { color: "blue", dash: [] },
  system: { color: "orange", dash: [10, 3] },
  irq: { color: "rose", dash: [2, 2] },
  softirq: { color: "violet", dash: [5, 2, 1, 2] },
  steal: { color: "olive", dash: [1, 3] },
};

/** One host's CPU: every core as a row of a heat map, and below it what the time went to. Undefined when not measured. */
export function cpuFigure(run: ReportRun, host: ReportHost, id: string): Figure | undefined {
  const cpu = cpuOfHost(run, host);
  if (!cpu) return undefined;
  const busiest = busiestCore(run, cpu);
  const shared =
    host.agents.length > 1
      ? ` ${host.agents.map(({ id }) => id).join(", ")} share this host; ${cpu.agent} measured it.`
      : "";
  const finding = busiest
    ? `Busiest is core ${busiest.core}: ${formatPercent(busiest.share)} on average${windowSeconds(run.manifest) ? " in the window" : ""}.`
    : "";
  const rowsHeight = heatmapHeight(cpu.cores);
  const observers = observersOf(run.manifest);
  const role = host.agents.every(({ id }) => observers.has(id)) ? ", an observer" : "";
  return {
    title: `CPU of ${host.name}${role}`,
    caption: `Above, each row is one core and each column one sample; below, what the time of all ${cpu.cores} cores went to. ${finding}${shared}`,
    legend: CPU_KINDS.map((kind) => ({ name: kind, style: KIND_LINES[kind] })),
    key: html`<p class="scale">
      <span>idle</span
      ><span class="ramp" style="${trusted(`background:linear-gradient(90deg,${heatScale().join(",")})`)}"></span
      ><span>busy</span>
    </p>`,
    chart: {
      id,
      label: `CPU of ${host.name}${role}, ${cpu.cores} cores over the seconds after T0. ${finding}`,
      height: rowsHeight + 228,
      draw: (size) => draw(run, cpu, rowsHeight, size),
    },
  };
}

function heatmapHeight(cores: number): number {
  return Math.max(36, Math.min(cores * 14, 240));
}

function draw(run: ReportRun, cpu: HostCpu, rowsHeight: number, size: ChartSize): ChartOption {
  const heatmap = heatmapOf(cpu, run.manifest.spec?.intervalMs || 1000);
  const range = { min: 0, max: Math.max(heatmap.toSeconds, windowSeconds(run.manifest)?.end ?? 0) };
  const top = 26;
  return {
    grid: [panel(size, top, rowsHeight), panel(size, top + rowsHeight + 42, size.height - rowsHeight - top - 74)],
    xAxis: [timeAxis(range, size, 0, false), timeAxis(range, size, 1)],
    yAxis: [coreAxis(cpu.cores, rowsHeight), percentAxis(cpu)],
    series: [
      heatmapSeries(heatmap, cpu.cores),
      phaseAreas(run.manifest, range.max)(1),
      ...CPU_KINDS.map((kind) => kindSeries(kind, cpu, run, size)),
    ],
  };
}

/** To the first round figure above all lines, so that little work is not drawn as none. */
function percentAxis({ rows }: HostCpu) {
  const ticks = [...Map.groupBy(rows, ({ tick }) => tick).values()];
  const most = greatest(ticks.flatMap((rows) => CPU_KINDS.map((kind) => percent(rows, kind) ?? 0)));
  const max = [10, 20, 50].find((max) => most <= max) ?? 100;
  return { ...valueAxis("% of all cores", { max }, 1), interval: max === 100 ? 25 : max / 5 };
}

function coreAxis(cores: number, height: number) {
  const step = [1, 2, 4, 8, 16, 32, 64].find((step) => (height / cores) * step >= 13) ?? 128;
  const ticks = Array.from({ length: Math.ceil(cores / step) }, (_, n) => n * step + 0.5);
  const axis = valueAxis("core", { min: 0, max: cores });
  return {
    ...axis,
    inverse: true,
    // The name stands at the axis's end, and the end is below when inverted.
    nameLocation: "start" as const,
    splitLine: { show: false },
    axisLabel: { ...axis.axisLabel, customValues: ticks, formatter: (value: number) => String(Math.floor(value)) },
  };
}

function heatmapSeries({ uri, fromSeconds, toSeconds }: Heatmap, cores: number): CustomSeriesOption {
  return {
    type: "custom",
    xAxisIndex: 0,
    yAxisIndex: 0,
    silent: true,
    data: [[fromSeconds, 0]],
    renderItem: (_, api) => {
      const [left = 0, top = 0] = api.coord([fromSeconds, 0]);
      const [right = 0, bottom = 0] = api.coord([toSeconds, cores]);
      return { type: "image", style: { image: uri, x: left, y: top, width: right - left, height: bottom - top } };
    },
  };
}

function kindSeries(
  kind: CpuKind,
  { rows }: HostCpu,
  { manifest }: ReportRun,
  { linePointsMax }: ChartSize,
): LineSeriesOption {
  const seconds = (manifest.spec?.intervalMs || 1000) / 1000;
  const byTick = [...Map.groupBy(rows, ({ tick }) => tick)].sort(([a], [b]) => a - b);
  const points = byTick.map(([tick, rows]): Point => [tick * seconds, percent(rows, kind)]);
  const style = KIND_LINES[kind];
  return {
    type: "line",
    xAxisIndex: 1,
    yAxisIndex: 1,
    silent: true,
    showSymbol: points.length <= 2,
    lineStyle: { color: color(style.color), width: 1.6, ...(style.dash.length > 0 && { type: [...style.dash] }) },
    itemStyle: { color: color(style.color) },
    data: decimate(points, linePointsMax).map(([x, y]) => [x, y]),
  };
}

function percent(rows: readonly CpuRow[], kind: CpuKind): number | null {
  const share = shareOf(rows, [kind]);
  return share === undefined ? null : share * 100;
}

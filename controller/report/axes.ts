import type { GridComponentOption } from "echarts/components";
import type { ChartOption, ChartSize } from "./chart.ts";
import { color } from "./theme.ts";
import { formatMicrosShort, formatShort } from "./units.ts";

type Only<T> = T extends readonly (infer Each)[] ? Each : T;
export type XAxis = Extract<Only<NonNullable<ChartOption["xAxis"]>>, { type?: "value" }>;
export type YAxis = Extract<Only<NonNullable<ChartOption["yAxis"]>>, { type?: "value" }>;

/** Both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A plot's place: margins to the sides for labels, `top` and `height` in px. */
export function panel({ narrow }: ChartSize, top: number, height: number, left = 64): GridComponentOption {
  return { left: narrow ? Math.min(left, 52) : left, right: narrow ? 12 : 20, top, height, outerBoundsMode: "none" };
}

/** How every label of an axis looks. */
export const LABEL = { color: color("muted"), fontSize: 12, fontFamily: "inherit" };

/** Seconds after T0, with round ticks in seconds, minutes or hours. Labels only where asked: stacked panels share them. */
export function timeAxis(range: Range, size: ChartSize, gridIndex = 0, labels = true): XAxis {
  const ticks = timeTicks(range, size.narrow ? 5 : 10);
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  return {
    type: "value",
    gridIndex,
    ...range,
    axisLine: { show: true, lineStyle: { color: color("rule") } },
    axisTick: { show: labels, customValues: ticks, lineStyle: { color: color("rule") } },
    splitLine: { show: false },
    axisLabel: { ...LABEL, show: labels, customValues: ticks, formatter: (seconds) => formatClock(seconds, step) },
  };
}

/** From 0 upwards, or within a given range. */
export function valueAxis(name: string, range: Partial<Range> = {}, gridIndex = 0): YAxis {
  return {
    type: "value",
    gridIndex,
    min: 0,
    ...range,
    splitNumber: 4,
    name,
    nameLocation: "end",
    nameGap: 10,
    nameTextStyle: { ...LABEL, align: "left", padding: [0, 0, 0, -52] },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: color("grid") } },
    axisLabel: { ...LABEL, formatter: (value: number) => formatShort(value) },
  };
}

/**
 * Microseconds on a logarithmic axis. ECharts knows only whole decades, so data and range are given as log10 and this
 * axis puts its own ticks: 1-2-5 in each decade while there is room.
 */
export function logMicrosAxis(range: Range, ticksMax: number): Pick<XAxis & YAxis, "axisLabel" | "axisTick"> & Range {
  const ticks = logTicks(range, ticksMax);
  return {
    ...range,
    axisTick: { show: true, customValues: ticks, lineStyle: { color: color("rule") } },
    axisLabel: { ...LABEL, customValues: ticks, formatter: (log: number) => formatMicrosShort(10 ** log) },
  };
}

const TIME_STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400,
];

function timeTicks({ min, max }: Range, ticksMax: number): number[] {
  const step = TIME_STEPS.find((step) => (max - min) / step <= ticksMax) ?? Math.ceil((max - min) / ticksMax);
  const ticks: number[] = [];
  for (let n = Math.ceil(min / step); n * step <= max; n += 1) ticks.push(n * step);
  return ticks;
}

function formatClock(seconds: number, step: number): string {
  if (step < 60) return `${Number(seconds.toFixed(1))} s`;
  const minutes = Math.round(seconds / 60);
  return step < 3600 && minutes < 120 ? `${minutes} min` : `${Number((minutes / 60).toFixed(2))} h`;
}

function logTicks({ min, max }: Range, ticksMax: number): number[] {
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let decade = Math.floor(min); decade <= max; decade += 1) {
      for (const digit of digits) ticks.push(decade + Math.log10(digit));
    }
    const inside = ticks.filter((tick) => tick >= min - 1e-9 && tick <= max + 1e-9);
    if (inside.length <= ticksMax) return inside;
  }
  return [Math.ceil(min), Math.floor(max)];
}

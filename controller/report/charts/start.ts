import type { CustomSeriesOption } from "echarts/charts";
import type { ParticipantResult } from "@salvo/proto/run_pb.ts";
import { LABEL, panel, type Range } from "../axes.ts";
import type { ChartOption, ChartSize } from "../chart.ts";
import type { Figure } from "../figure.ts";
import type { ReportRun } from "../run.ts";
import { color } from "../theme.ts";
import { formatMicros } from "../units.ts";
import { greatest, least } from "@salvo/shared/kernel/extremes.ts";

/** As many rows as a page can take; beyond, the latest are drawn. */
const ROWS_MAX = 48;
const ROW_HEIGHT = 24;

interface Start {
  readonly name: string;
  /** Milliseconds after T0, between which the first I/O lies. */
  readonly earliest: number;
  readonly latest: number;
}

/** When each participant's first I/O happened, as proven: an interval after T0. Undefined when nobody started. */
export function startFigure({ manifest }: ReportRun, id: string): Figure | undefined {
  const all = startsOf(manifest.participants);
  if (all.length === 0) return undefined;
  const latest = new Set(all.toSorted((a, b) => b.latest - a.latest).slice(0, ROWS_MAX));
  const starts = all.filter((start) => latest.has(start));
  const absent = manifest.participants.filter(({ started }) => !started).map(({ id }) => id);
  const boundUs = manifest.summary?.clockBoundUs ?? 0;
  const last = greatest(all.map(({ latest }) => latest));
  const first = least(all.map(({ earliest }) => earliest));
  return {
    title: "First I/O after T0",
    caption: [
      "Each bar spans the earliest and the latest instant at which the participant's first I/O can have happened, on the controller's clock;",
      ` the band around T0 is the clocks' worst error, ± ${formatMicros(boundUs)}.`,
      starts.length < all.length && ` The ${starts.length} latest of ${all.length} are drawn.`,
      absent.length > 0 && ` Did not start: ${absent.join(", ")}.`,
    ]
      .filter(Boolean)
      .join(""),
    chart: {
      id,
      label: `First I/O of ${all.length} participants: between ${formatMs(first)} and ${formatMs(last)} after T0, clock bound ± ${formatMicros(boundUs)}.`,
      height: starts.length * ROW_HEIGHT + 62,
      draw: (size) => draw(starts, boundUs / 1000, size),
    },
  };
}

function startsOf(participants: readonly ParticipantResult[]): Start[] {
  return participants
    .filter(({ started }) => started)
    .map(({ id, firstIoEarliestNs, firstIoLatestNs }) => ({
      name: id,
      earliest: Number(firstIoEarliestNs) / 1e6,
      latest: Number(firstIoLatestNs) / 1e6,
    }));
}

function draw(starts: readonly Start[], boundMs: number, size: ChartSize): ChartOption {
  const range = rangeOf(starts, boundMs);
  const names = starts.map(({ name }) => name);
  const longest = greatest(names.map((name) => name.length));
  const left = Math.min(size.narrow ? 130 : 240, longest * 7 + 18);
  return {
    grid: { ...panel(size, 22, starts.length * ROW_HEIGHT), left, right: 28 },
    xAxis: {
      type: "value",
      ...range,
      splitNumber: size.narrow ? 4 : 8,
      splitLine: { showMinLine: false, showMaxLine: false, lineStyle: { color: color("grid") } },
      axisLabel: {
        ...LABEL,
        formatter: (ms: number) => (ms === 0 ? "T0" : `${Number(ms.toFixed(3))} ms`),
        showMinLabel: false,
        showMaxLabel: false,
        hideOverlap: true,
      },
    },
    yAxis: {
      type: "category",
      data: names,
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...LABEL, color: color("ink"), width: left - 12, overflow: "truncate", interval: 0 },
    },
    series: [boundSeries(boundMs, starts.length), intervalSeries(starts, size)],
  };
}

function boundSeries(boundMs: number, rows: number): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    clip: true,
    data: [[0, 0]],
    renderItem: (_, api) => {
      const [left = 0, top = 0] = api.coord([-boundMs, 0]);
      const [right = 0] = api.coord([boundMs, 0]);
      const [zero = 0] = api.coord([0, 0]);
      const y = top - ROW_HEIGHT / 2;
      const height = rows * ROW_HEIGHT;
      return {
        type: "group",
        children: [
          {
            type: "rect",
            shape: { x: left, y, width: Math.max(1, right - left), height },
            style: { fill: color("teal"), opacity: 0.2 },
          },
          { type: "rect", shape: { x: zero - 0.5, y, width: 1, height }, style: { fill: color("teal") } },
        ],
      };
    },
  };
}

function intervalSeries(starts: readonly Start[], { narrow }: ChartSize): CustomSeriesOption {
  return {
    type: "custom",
    silent: true,
    data: starts.map((_, row) => [0, row]),
    renderItem: ({ dataIndex }, api) => {
      const start = starts[dataIndex];
      if (!start) return undefined;
      const [left = 0, y = 0] = api.coord([start.earliest, dataIndex]);
      const [right = 0] = api.coord([start.latest, dataIndex]);
      const width = Math.max(2, right - left);
      return {
        type: "group",
        children: [
          { type: "rect", shape: { x: left, y: y - 5, width, height: 10, r: 2 }, style: { fill: color("blue") } },
          {
            type: "text",
            invisible: narrow,
            style: {
              text: `${formatMs(start.earliest)} – ${formatMs(start.latest)}`,
              x: left + width + 8,
              y,
              verticalAlign: "middle",
              fill: color("muted"),
              fontSize: 12,
              fontFamily: "inherit",
            },
          },
        ],
      };
    },
  };
}

/** From before T0 to past the latest bar, with room for the text beside it. */
function rangeOf(starts: readonly Start[], boundMs: number): Range {
  const first = least(
    starts.map(({ earliest }) => earliest),
    Math.min(-boundMs, 0),
  );
  const last = greatest(
    starts.map(({ latest }) => latest),
    boundMs,
  );
  const span = last - first || 1;
  return { min: first - span * 0.05, max: last + span * 0.35 };
}

function formatMs(ms: number): string {
  return ms < 0 ? `−${formatMicros(-ms * 1000)}` : formatMicros(ms * 1000);
}

import { CustomChart, LineChart } from "echarts/charts";
import type { CustomSeriesOption, LineSeriesOption } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent } from "echarts/components";
import type { GridComponentOption, MarkAreaComponentOption, MarkLineComponentOption } from "echarts/components";
import { init, use } from "echarts/core";
import type { ComposeOption } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { escapeHtml, type Html, trusted } from "./html.ts";
import { themed } from "./theme.ts";

use([LineChart, CustomChart, GridComponent, MarkAreaComponent, MarkLineComponent, SVGRenderer]);

export type ChartOption = ComposeOption<
  CustomSeriesOption | LineSeriesOption | GridComponentOption | MarkAreaComponentOption | MarkLineComponentOption
>;

/** Room for a chart, px. Narrow ones are for phones: fewer labels, less margin. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
  readonly narrow: boolean;
  /** No line has more points. */
  readonly linePointsMax: number;
  /** All lines of the chart together have no more. */
  readonly pointsMax: number;
}

export interface Chart {
  /** Unique in the page; letters, digits, hyphens. */
  readonly id: string;
  /** What the chart shows, for those who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly draw: (size: ChartSize) => ChartOption;
}

const SIZES = {
  wide: { width: 960, narrow: false, linePointsMax: 1500, pointsMax: 12_000 },
  narrow: { width: 400, narrow: true, linePointsMax: 400, pointsMax: 12_000 },
} as const;
/** Fewer would hide what a line is like. */
const LINE_POINTS_MIN = 60;

/**
 * The chart as SVG, once for wide and once for narrow pages; CSS shows one of them. detail: the share of points that it may have, 1
 * for all.
 */
export function renderChart(chart: Chart, detail: number): Html {
  const share = (points: number) => Math.max(LINE_POINTS_MIN, Math.floor(points * detail));
  const both = (["wide", "narrow"] as const).map((kind) => {
    const { linePointsMax, pointsMax, ...place } = SIZES[kind];
    const size = { ...place, height: chart.height, linePointsMax: share(linePointsMax), pointsMax: share(pointsMax) };
    return renderSvg(chart.draw(size), size, `${chart.id}-${kind}`).replace(
      "<svg",
      `<svg class="${kind}" role="img" aria-label="${escapeHtml(chart.label)}"`,
    );
  });
  return trusted(both.join(""));
}

function renderSvg(option: ChartOption, size: ChartSize, id: string): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: size.width, height: size.height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: "inherit", fontSize: 12 }, ...option });
    return tidy(chart.renderToSVGString(), id);
  } finally {
    chart.dispose();
  }
}

/**
 * ECharts numbers its elements through the whole process and adds what only its own script would use: here the ids
 * become the chart's own, so that the same run always gives the same bytes, and the rest goes.
 */
function tidy(svg: string, id: string): string {
  return (
    themed(svg)
      .replace(/<style[\s\S]*?<\/style>/g, "")
      .replace(/<rect [^>]*fill="none"><\/rect>/g, "")
      .replace(/ (?:class|pointer-events|ecmeta_[a-z_]+|xmlns|xmlns:xlink|baseProfile|version|xml:space)="[^"]*"/g, "")
      .replace(/(<svg) width="\d+" height="\d+"/, "$1")
      .replace(/(id="|url\(#)zr\d+-/g, `$1${id}-`)
      .replace(/ style="font-size:12px;font-family:inherit;"/g, "")
      // A picture of data fills its place, whatever its own proportions.
      .replaceAll("<image ", '<image preserveAspectRatio="none" ')
      .replace(/\n+/g, "\n")
  );
}

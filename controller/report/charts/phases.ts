import type { LineSeriesOption } from "echarts/charts";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { windowSeconds } from "../run.ts";
import { color } from "../theme.ts";

/** A series without a line that shades the window and greys what lies before and after it. None of it without a window. */
export function phaseAreas(manifest: Manifest, endSeconds: number): (gridIndex: number) => LineSeriesOption {
  const window = windowSeconds(manifest);
  return (gridIndex) => ({
    type: "line",
    xAxisIndex: gridIndex,
    yAxisIndex: gridIndex,
    silent: true,
    data: [],
    ...(window && {
      markArea: {
        silent: true,
        data: [
          area(0, window.start, "ramp", 0.16),
          area(window.start, window.end, "blue", 0.06),
          area(window.end, endSeconds, "ramp", 0.16),
        ].filter((area) => area !== undefined),
      },
      markLine: {
        silent: true,
        symbol: "none",
        label: { show: false },
        lineStyle: { color: color("faint"), width: 1, type: [2, 3] },
        data: [{ xAxis: window.start }, { xAxis: window.end }],
      },
    }),
  });
}

function area(from: number, to: number, name: "blue" | "ramp", opacity: number) {
  if (to - from < 1e-6) return undefined;
  const style = { color: color(name), opacity };
  return [{ xAxis: from, itemStyle: style }, { xAxis: to }] satisfies [unknown, unknown];
}

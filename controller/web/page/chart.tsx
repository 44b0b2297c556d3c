import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

export interface ChartProps {
  readonly title: string;
  /** Seconds after T0. */
  readonly at: readonly number[];
  readonly values: readonly (number | null)[];
}

const HEIGHT_PX = 150;

/** One figure over time. A screen reader is told the last value by the tile above it. */
export function Chart({ title, at, values }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const holder = place.current;
    if (!holder) return undefined;
    const color = (name: string) => getComputedStyle(holder).getPropertyValue(name).trim();
    const axis = {
      stroke: color("--quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { stroke: color("--line"), width: 1 },
    };
    const made = new uPlot(
      {
        width: holder.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
        axes: [axis, { ...axis, size: 64 }],
        series: [{}, { stroke: color("--accent"), width: 2, points: { show: false } }],
      },
      [[], []],
      holder,
    );
    chart.current = made;
    const watching = new ResizeObserver(() => made.setSize({ width: holder.clientWidth, height: HEIGHT_PX }));
    watching.observe(holder);
    return () => {
      watching.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => chart.current?.setData([[...at], [...values]]), [at, values]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

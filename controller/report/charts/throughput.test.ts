import { expect, test } from "vitest";
import { abortedRun, exampleRun } from "../example.ts";
import type { ReportRun } from "../run.ts";
import { throughputFigure } from "./throughput.ts";

const WIDE = { width: 960, height: 380, narrow: false, linePointsMax: 1500, pointsMax: 12_000 };

/** The points of every series that has any, in the order they are drawn. */
function drawn(run: ReportRun): (readonly [number, number | null])[][] {
  const series = throughputFigure(run, "t")?.chart.draw(WIDE).series;
  // Our own series, whose data are pairs of numbers.
  return (Array.isArray(series) ? series : [])
    .map(({ data }) => data as [number, number | null][])
    .filter((data) => data.length > 0);
}

test("a sample of nothing is drawn as a zero, an absent answer as a gap with a mark on the axis", () => {
  const [, first, second, , , marks] = drawn(exampleRun({ idleTick: 9, stalledTick: 14 }));
  expect(first?.find(([x]) => Math.floor(x) === 9)?.[1]).toBe(0);
  expect(second?.find(([x]) => Math.floor(x) === 14)?.[1]).toBeNull();
  expect(marks?.map(([x, y]) => [Math.floor(x), y])).toEqual([[14, 0]]);
});

test("the upper line is the sum of those below it", () => {
  const [total, ...each] = drawn(exampleRun({ agents: 3 }));
  const sum = each.map((line) => line[7]?.[1] ?? 0).reduce((sum, iops) => sum + iops, 0);
  expect(total?.[7]?.[1]).toBeCloseTo(sum, 6);
});

test("no line has more than 1500 points, however long the run", () => {
  const lines = drawn(exampleRun({ agents: 2, ticks: 4000, iops: 5, cores: 1 }));
  expect(lines.length).toBe(3);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(1500);
});

test("a run of hours with many participants is drawn: more samples than a call may have arguments", () => {
  const short = exampleRun({ agents: 2, iops: 5, cores: 1 });
  const { manifest, samples } = short;
  const times = Math.ceil(150_000 / samples.length);
  const long = Array.from({ length: times }, (_, hour) =>
    samples.map((row) => ({ ...row, tick: row.tick + hour * 1000, tNs: row.tNs + BigInt(hour) * 1_000_000_000_000n })),
  ).flat();
  const lines = drawn({ ...short, manifest, samples: long });
  expect(lines.length).toBeGreaterThan(2);
});

test("small blocks are counted, large ones weighed", () => {
  expect(throughputFigure(exampleRun({ blockBytes: 4096 }), "t")?.title).toContain("IOPS");
  expect(throughputFigure(exampleRun({ blockBytes: 1 << 20, iops: 100 }), "t")?.title).toContain("MiB/s");
});

test("the caption speaks of a window only where there is one", () => {
  expect(throughputFigure(exampleRun(), "t")?.caption).toContain("window");
  expect(throughputFigure(abortedRun(), "t")?.caption).not.toContain("window");
});

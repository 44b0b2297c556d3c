import type { FindingFacts } from "./facts.ts";
import type { Found } from "./rule.ts";

/** A start or a clock that is known to a smaller share of an interval moves no sample to another tick. */
const OF_INTERVAL_MAX = 0.05;

/** Start or clocks are known so loosely that samples of one tick are not of one time. */
export function looseTiming({ spec, start }: FindingFacts): Found[] {
  if (!start || spec.intervalMs === 0) return [];
  const limitMs = OF_INTERVAL_MAX * spec.intervalMs;
  const { spreadMs, boundMs, clockBoundMs } = start;
  const loose = [
    { what: "start spread", value: spreadMs },
    { what: "bound of the start", value: boundMs },
    { what: "bound of the clocks", value: clockBoundMs },
  ].filter(({ value }) => value > limitMs);
  const [worst] = loose.toSorted((a, b) => b.value - a.value);
  if (!worst) return [];
  return [
    {
      name: "loose-timing",
      sentence: `the ${worst.what} of ${worst.value.toFixed(1)} ms is ${Math.round((100 * worst.value) / spec.intervalMs)} % of an interval: samples of one tick are not quite of one time`,
      evidence: loose.map((each) => ({ ...each, unit: "ms" })),
      confidence: "high",
      next: "Compare whole windows of this run, not single ticks; a quieter network or a longer interval helps",
    },
  ];
}

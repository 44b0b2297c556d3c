/** What one measure of two sides comes to: the ratio, whether it is shown, and what more repeats would show. */
import { RATIO_VALUES_MIN, type Ratio, ratioTo } from "../statistics/ratio.ts";
import { detectableRatio, pooledLogDeviation, repeatsNeeded } from "../statistics/power.ts";
import type { Measure } from "./measure.ts";
import type { Side } from "./side.ts";

export type Outcome =
  /** The whole interval lies above 1, or below it. */
  | "above"
  | "below"
  /** The interval holds 1. */
  | "no-difference-shown"
  /** There is a ratio, and no interval. */
  | "too-few-repeats"
  /** A side has no such figure, or one of 0. */
  | "unknown";

export interface Difference {
  readonly measure: Measure;
  readonly outcome: Outcome;
  /** To the base. */
  readonly ratio: Ratio | undefined;
  /** The least ratio above 1 that so many repeats are likely to show. */
  readonly detectable: number | undefined;
  /** How many repeats of each side are likely to show the ratio that was seen; undefined: it is shown, or nobody would run as many. */
  readonly repeatsNeeded: number | undefined;
}

export function differenceOf(measure: Measure, base: Side, other: Side): Difference {
  const from = base.figures.get(measure.name)?.values ?? [];
  const to = other.figures.get(measure.name)?.values ?? [];
  const ratio = ratioTo(from, to);
  const outcome = outcomeOf(ratio);
  const deviation = ratio && pooledLogDeviation([from, to]);
  const isOpen = outcome === "too-few-repeats" || outcome === "no-difference-shown";
  return {
    measure,
    outcome,
    ratio,
    detectable:
      deviation !== undefined && outcome !== "too-few-repeats"
        ? detectableRatio(deviation, from.length, to.length)
        : undefined,
    repeatsNeeded: isOpen && ratio ? neededFor(ratio, deviation) : undefined,
  };
}

function outcomeOf(ratio: Ratio | undefined): Outcome {
  if (!ratio) return "unknown";
  const { type, low, high } = ratio.spread;
  if (type === "range") return "too-few-repeats";
  if (low > 1) return "above";
  return high < 1 ? "below" : "no-difference-shown";
}

/** Of single runs nobody knows how far repeats lie apart: the fewest that have an interval at all. */
function neededFor({ value }: Ratio, deviation: number | undefined): number | undefined {
  return deviation === undefined ? RATIO_VALUES_MIN : repeatsNeeded(deviation, value);
}

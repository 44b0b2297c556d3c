/** One side of a comparison: the repeats of one content, and what they come to. */
import type { Verdict } from "../../domain/verdicts.ts";
import { variation } from "../statistics/dispersion.ts";
import { type Drift, driftOf } from "../statistics/drift.ts";
import type { Spread } from "../statistics/interval.ts";
import { medianInterval } from "../statistics/median-interval.ts";
import { median } from "../statistics/order.ts";
import { outliers } from "../statistics/outliers.ts";
import type { ComparedRun } from "./compared-run.ts";
import { MEASURES, type MeasureName } from "./measure.ts";

export interface Side {
  readonly label: string;
  /** The verdict of the runs that are counted; undefined: there is no result. */
  readonly verdict: Verdict | undefined;
  /** Ids of the runs that are counted, the earliest first. */
  readonly runs: readonly string[];
  /** Runs that are not counted, by verdict: `2 aborted`. */
  readonly leftOut: readonly string[];
  readonly figures: ReadonlyMap<MeasureName, Figure>;
}

/** What the repeats of one side gave of one measure. */
export interface Figure {
  /** In the order of the runs. */
  readonly values: readonly number[];
  readonly median: number;
  readonly spread: Spread;
  /** The standard deviation as a share of the mean. */
  readonly variation: number | undefined;
  /** Ids of runs that lie far from the others. They are counted all the same. */
  readonly outliers: readonly string[];
  readonly drift: Drift | undefined;
}

/** A run of these verdicts has figures that may stand for its content; the first that there are decide. */
const COUNTED: readonly Verdict[] = ["complete", "degraded"];

export function sideOf(label: string, runs: readonly ComparedRun[]): Side {
  const inTime = runs.toSorted((a, b) => Number(a.t0WallNs - b.t0WallNs));
  const byVerdict = Map.groupBy(inTime, ({ verdict }) => verdict);
  const verdict = COUNTED.find((each) => byVerdict.get(each)?.some(({ values }) => values.size > 0));
  const counted = verdict === undefined ? [] : (byVerdict.get(verdict) ?? []);
  return {
    label,
    verdict,
    runs: counted.map(({ run }) => run),
    leftOut: [...byVerdict].filter(([each]) => each !== verdict).map(([each, all]) => `${all.length} ${each}`),
    figures: new Map(
      MEASURES.flatMap(({ name }) => {
        const figure = figureOf(name, counted);
        return figure ? [[name, figure] as const] : [];
      }),
    ),
  };
}

/** Undefined when a run has no such value: one that is too short for its p99 leaves the others as a choice of runs. */
function figureOf(name: MeasureName, runs: readonly ComparedRun[]): Figure | undefined {
  const values = runs.flatMap((run) => run.values.get(name) ?? []);
  if (values.length === 0 || values.length < runs.length) return undefined;
  return {
    values,
    median: median(values),
    spread: medianInterval(values),
    variation: variation(values),
    outliers: outliers(values).flatMap((index) => runs[index]?.run ?? []),
    drift: driftOf(values),
  };
}

/** Runs that differ in one thing alone, in its order. */
import type { ComparedRun } from "../comparison/compared-run.ts";
import type { MeasureName } from "../comparison/measure.ts";
import { median } from "../statistics/order.ts";

export interface Point {
  /** Of the thing that differs: bytes, or a depth. */
  readonly x: number;
  readonly runs: readonly ComparedRun[];
}

/** A series for each scenario and each workload that is the same but for `key`, its points ascending. */
export function seriesBy(runs: readonly ComparedRun[], key: "blockSize" | "queueDepth"): Point[][] {
  const family = ({ workload, scenario }: ComparedRun) =>
    JSON.stringify([scenario.hash, [...workload.facts].filter(([name]) => name !== key && name !== "name")]);
  return [...Map.groupBy(runs, family).values()].map((own) =>
    [...Map.groupBy(own, (run) => numberOf(run.workload.facts.get(key)))]
      .flatMap(([x, at]) => (x === undefined ? [] : [{ x, runs: at }]))
      .toSorted((a, b) => a.x - b.x),
  );
}

/** Undefined when a run cannot tell. */
export function medianOf({ runs }: Point, measure: MeasureName): number | undefined {
  const values = runs.flatMap(({ values: all }) => all.get(measure) ?? []);
  return values.length === runs.length && values.length > 0 ? median(values) : undefined;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `4 KiB` is 4096, as run-content.ts writes it. */
function numberOf(text: string | undefined): number | undefined {
  const [, number, unit = "B"] = /^(\d+)(?: ([A-Za-z]+))?$/.exec(text ?? "") ?? [];
  const power = UNITS.indexOf(unit);
  return number === undefined || power < 0 ? undefined : Number(number) * 1024 ** power;
}

/** Whether runs meet the thresholds of their study. Each is judged on an interval, never on a single figure. Pure. */
import type { Threshold } from "@salvo/proto/study_pb.ts";
import { matchesGlob } from "../../domain/glob.ts";
import type { Spread } from "../statistics/interval.ts";
import { RATIO_VALUES_MIN, ratioTo } from "../statistics/ratio.ts";
import type { ComparedRun } from "./compared-run.ts";
import type { Judgement } from "./gate.ts";
import { MEASURES, type MeasureName } from "./measure.ts";
import { type Side, sideOf } from "./side.ts";
import { type Comparator, type Expectation, parseThreshold } from "../../domain/threshold-text.ts";

export interface JudgedThreshold {
  /** SCENARIO/WORKLOAD, or the workload alone where scenarios are compared. */
  readonly about: string;
  readonly expect: string;
  readonly judgement: Judgement;
  /** Why, without a full stop. */
  readonly sentence: string;
}

/** The least repeats that have an interval of their median. */
const MEDIAN_VALUES_MIN = 6;

export function judgeThresholds(
  thresholds: readonly Pick<Threshold, "workload" | "scenario" | "expect">[],
  runs: readonly ComparedRun[],
): JudgedThreshold[] {
  return thresholds.flatMap(({ workload, scenario, expect }) => {
    const expected = parseThreshold(expect);
    if ("problem" in expected) return []; // the study was refused for it
    const own = runs.filter((run) => matchesGlob(workload || "*", run.workload.name));
    const byWorkload = [...Map.groupBy(own, (run) => run.workload.hash).values()];
    const judged = byWorkload.flatMap((alike) =>
      expected.type === "ratio" ? [judgeRatio(expected, alike)] : judgeFigures(expected, alike, scenario || "*"),
    );
    return judged.map((each) => ({ ...each, expect }));
  });
}

type Told = Omit<JudgedThreshold, "expect">;

function judgeFigures(
  expected: Expectation & { type: "figure" },
  runs: readonly ComparedRun[],
  scenario: string,
): Told[] {
  const own = runs.filter((run) => matchesGlob(scenario, run.scenario.name));
  return [...Map.groupBy(own, (run) => run.scenario.hash).values()].map((alike) => {
    const about = `${alike[0]?.scenario.name}/${alike[0]?.workload.name}`;
    const figure = sideOf(about, alike).figures.get(expected.measure);
    if (!figure) return { about, judgement: "cannot-tell", sentence: "not every run has this figure" };
    const said = `the median is ${textOf(figure.median, expected.measure)}`;
    return { about, ...judged(expected.is, expected.limit, figure.spread, said, expected.measure, MEDIAN_VALUES_MIN) };
  });
}

function judgeRatio(
  { measure, is, scenario, times, base }: Expectation & { type: "ratio" },
  runs: readonly ComparedRun[],
): Told {
  const about = runs[0]?.workload.name ?? "";
  const side = (name: string): Side =>
    sideOf(
      name,
      runs.filter((run) => run.scenario.name === name),
    );
  const [from, to] = [side(base), side(scenario)].map((each) => each.figures.get(measure)?.values ?? []);
  const ratio = ratioTo(from ?? [], to ?? []);
  if (!ratio) return { about, judgement: "cannot-tell", sentence: `${scenario} or ${base} has no such figure` };
  const said = `the ratio is ${ratio.value.toFixed(2)}`;
  return { about, ...judged(is, times, ratio.spread, said, undefined, RATIO_VALUES_MIN) };
}

/** `measure` undefined: of a ratio. */
function judged(
  is: Comparator,
  limit: number,
  spread: Spread,
  said: string,
  measure: MeasureName | undefined,
  repeats: number,
): Pick<Told, "judgement" | "sentence"> {
  if (spread.type === "range")
    return { judgement: "cannot-tell", sentence: `${said}; an interval needs at least ${repeats} repeats` };
  const sentence = `${said} (95 %: ${textOf(spread.low, measure)} to ${textOf(spread.high, measure)})`;
  const meets = (value: number) => MEETS[is](value, limit);
  const [low, high] = [meets(spread.low), meets(spread.high)];
  if (low && high) return { judgement: "pass", sentence };
  return !low && !high ? { judgement: "fail", sentence } : { judgement: "cannot-tell", sentence };
}

const MEETS: Readonly<Record<Comparator, (value: number, limit: number) => boolean>> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
};

function textOf(value: number, name: MeasureName | undefined): string {
  const measure = MEASURES.find((each) => each.name === name);
  if (!measure) return value.toFixed(2);
  const { digits, unit } = measure;
  const number = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "" ? number : `${number} ${unit}`;
}

/** What a threshold says: `p99 < 2ms`, `iops > 50k`, `iser.iops >= 2 x iscsi.iops`. Pure. */

/** The figures that runs are compared by; controller/analysis/comparison/measure.ts says what each is. */
const FIGURES = ["iops", "mib", "p50", "p99", "cpu-guests", "cpu-targets"] as const;
export type FigureName = (typeof FIGURES)[number];

export type Comparator = "<" | "<=" | ">" | ">=";

export type Expectation =
  | { readonly type: "figure"; readonly measure: FigureName; readonly is: Comparator; readonly limit: number }
  | {
      readonly type: "ratio";
      readonly measure: FigureName;
      readonly is: Comparator;
      readonly scenario: string;
      readonly times: number;
      readonly base: string;
    };

const NUMBER = String.raw`(\d+(?:\.\d+)?)`;
const IS = String.raw`(<=|>=|<|>)`;
const FIGURE = new RegExp(`^([a-z0-9-]+) ?${IS} ?${NUMBER} ?(\\S*)$`);
const RATIO = new RegExp(`^([a-z0-9-]+)\\.([a-z0-9-]+) ?${IS} ?${NUMBER} ?x ?([a-z0-9-]+)\\.([a-z0-9-]+)$`);

const LATENCY_UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 };
const IOPS_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6 };
/** By measure: in which units a limit may be written. */
const UNITS: Readonly<Record<FigureName, Readonly<Record<string, number>>>> = {
  iops: IOPS_UNITS,
  mib: { "": 1, "MiB/s": 1 },
  p50: LATENCY_UNITS,
  p99: LATENCY_UNITS,
  "cpu-guests": { "": 1 },
  "cpu-targets": { "": 1 },
};

/** Or what is wrong with the text: it reads on from the key's name. */
export function parseThreshold(text: string): Expectation | { readonly problem: string } {
  const ratio = RATIO.exec(text);
  return ratio ? ratioOf(ratio) : figureOf(text);
}

function ratioOf([, scenario = "", name = "", is, times, base = "", other]: RegExpExecArray) {
  const measure = measureOf(name);
  if (!measure) return unknownMeasure(name);
  if (name !== other) return { problem: `compares ${name} with ${other}: write the same figure on both sides` };
  return { type: "ratio", measure, is: comparatorOf(is), scenario, times: Number(times), base } as const;
}

function figureOf(text: string): Expectation | { readonly problem: string } {
  const [whole, name = "", is, number, unit = ""] = FIGURE.exec(text) ?? [];
  if (whole === undefined)
    return {
      problem: `must be like "p99 < 2ms", "iops > 50k" or "iser.iops >= 2 x iscsi.iops", not ${JSON.stringify(text)}`,
    };
  const measure = measureOf(name);
  if (!measure) return unknownMeasure(name);
  const units = UNITS[measure];
  const factor = units[unit];
  if (factor === undefined) {
    const known = Object.keys(units).filter((each) => each !== "");
    return {
      problem: `needs ${known.length > 0 ? `${name} in ${known.join(", ")}` : `${name} without a unit`}, not ${JSON.stringify(unit)}`,
    };
  }
  return { type: "figure", measure, is: comparatorOf(is), limit: Number(number) * factor };
}

function measureOf(name: string): FigureName | undefined {
  return FIGURES.find((each) => each === name);
}

function unknownMeasure(name: string) {
  return { problem: `knows no figure ${name}: write one of ${FIGURES.join(", ")}` };
}

function comparatorOf(text = ""): Comparator {
  return text === "<" || text === "<=" || text === ">" ? text : ">=";
}

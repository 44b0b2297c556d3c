/** A comparison in words. */
import { RATIO_VALUES_MIN } from "../statistics/ratio.ts";
import type { ComparedSide, WorkloadComparison } from "./comparison.ts";
import type { Difference, Outcome } from "./difference.ts";
import type { Side } from "./side.ts";

/** What is said of an outcome in one or two words: `faster`, `no difference shown`. */
export function outcomeWords({ outcome, measure }: Pick<Difference, "outcome" | "measure">): string {
  const words: Readonly<Record<Outcome, string>> = {
    above: measure.above,
    below: measure.below,
    "no-difference-shown": "no difference shown",
    "too-few-repeats": "too few repeats",
    unknown: "not known",
  };
  return words[outcome];
}

/** `1.41 times (95 %: 1.39 to 1.44)`, or `(of 2 and 3 runs: 1.30 to 1.51)` where there is no interval. */
export function ratioWords({ ratio }: Difference, base: Side, side: Side): string {
  if (!ratio) return "-";
  const { low, high, type } = ratio.spread;
  const what = type === "interval" ? "95 %" : `of ${base.runs.length} and ${side.runs.length} runs`;
  const digits = digitsFor(ratio.value, high - low);
  return `${ratio.value.toFixed(digits)} times (${what}: ${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** One sentence or a few; the last one is without its full stop. */
export function differenceSentence(difference: Difference, base: Side, side: Side): string {
  const { measure, outcome, detectable, repeatsNeeded } = difference;
  const ratio = `${ratioWords(difference, base, side)} the ${measure.title} of ${base.label}`;
  switch (outcome) {
    case "above":
    case "below":
      return `${side.label} ${verbOf(difference)}: ${ratio}`;
    case "no-difference-shown":
      return `No difference shown: ${side.label} has ${ratio}${seenFrom(detectable)}${needs(repeatsNeeded)}`;
    case "too-few-repeats":
      return `Too few repeats: ${side.label} has ${ratio}. An interval needs at least ${RATIO_VALUES_MIN} repeats of each${needs(repeatsNeeded)}`;
    case "unknown":
      return `Not known: ${side.label} or ${base.label} has no ${measure.title}`;
  }
}

/** `is faster`, `takes more`. */
function verbOf(difference: Difference): string {
  const words = outcomeWords(difference);
  return words.startsWith("takes") ? words : `is ${words}`;
}

function seenFrom(detectable: number | undefined): string {
  return detectable === undefined
    ? ""
    : `. These repeats would show a difference of ${percent(detectable - 1)} or more`;
}

function needs(repeats: number | undefined): string {
  if (repeats === undefined || repeats <= RATIO_VALUES_MIN) return "";
  return `. To show the difference that was seen takes about ${repeats} repeats of each`;
}

/** What to know of the sides before believing the figures. */
export function remarks({ base, others }: WorkloadComparison): string[] {
  return [...sideRemarks(base), ...others.flatMap(({ side, differs }) => [...sideRemarks(side), ...told(differs)])];
}

function told(differs: ComparedSide["differs"]): string[] {
  return differs.length > 0 ? [`the two sides differ in more than what is compared: ${differs.join("; ")}`] : [];
}

function sideRemarks({ label, verdict, runs, leftOut, figures }: Side): string[] {
  const iops = figures.get("iops");
  const drift = iops?.drift;
  const odd = iops?.outliers ?? [];
  const lines: readonly (string | false)[] = [
    verdict === undefined && `${label} has no run with a result`,
    verdict !== undefined &&
      verdict !== "complete" &&
      `${runs.length === 1 ? `the one counted run of ${label} is` : `the ${runs.length} counted runs of ${label} are`} ${verdict}`,
    leftOut.length > 0 && `${label}: ${leftOut.join(", ")} not counted`,
    odd.length > 0 && `${label}: the IOPS of ${odd.join(", ")} lie far from those of the other repeats`,
    drift !== undefined &&
      `${label}: IOPS ${drift.stepShare > 0 ? "rise" : "fall"} by ${percent(Math.abs(drift.stepShare))} from each repeat to the next`,
  ];
  return lines.filter((line) => line !== false);
}

/** So many that the ends of the interval are told apart. */
function digitsFor(ratio: number, width: number): number {
  if (ratio >= 10) return 1;
  return width < 0.02 ? 3 : 2;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

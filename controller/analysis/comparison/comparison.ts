/** Sides of a workload against a base, measure by measure. */
import type { Part } from "../run-content.ts";
import { partLabels } from "../run-content.ts";
import type { ComparedRun } from "./compared-run.ts";
import { type Difference, differenceOf } from "./difference.ts";
import { MEASURES } from "./measure.ts";
import { type Side, sideOf } from "./side.ts";

export interface WorkloadComparison {
  /** The workload, and the scenario where both sides have the same. */
  readonly title: string;
  readonly base: Side;
  readonly others: readonly ComparedSide[];
}

export interface ComparedSide {
  readonly side: Side;
  /** Of measures that at least one of the two sides knows. */
  readonly differences: readonly Difference[];
  /** What else differs between the sides than their names: `storage.transport iscsi, here iser`. */
  readonly differs: readonly string[];
}

export function comparedWith(base: Side, side: Side, differs: readonly string[] = []): ComparedSide {
  const known = MEASURES.filter(({ name }) => base.figures.has(name) || side.figures.has(name));
  return { side, differs, differences: known.map((measure) => differenceOf(measure, base, side)) };
}

/**
 * The scenarios of each workload side by side, over all repeats. The base is the scenario of that name, or where a workload has none
 * such the one that was measured first. Workloads with one scenario and one run are left out.
 */
export function compareScenarios(runs: readonly ComparedRun[], baseline?: string): WorkloadComparison[] {
  const workloads = partLabels(runs.map(({ workload }) => workload));
  const scenarios = partLabels(runs.map(({ scenario }) => scenario));
  return [...workloads].flatMap(([hash, title]) => {
    const own = runs.filter(({ workload }) => workload.hash === hash);
    const byScenario = [...Map.groupBy(own, ({ scenario }) => scenario.hash).values()];
    const isBase = (group: readonly ComparedRun[]) => group.some(({ scenario }) => scenario.name === baseline);
    const base = byScenario.find(isBase) ?? firstMeasured(byScenario);
    if (!base || own.length < 2) return [];
    const side = (group: readonly ComparedRun[]) => sideOf(scenarios.get(group[0]?.scenario.hash ?? "") ?? "", group);
    const others = byScenario.filter((group) => group !== base);
    const baseSide = side(base);
    return [{ title, base: baseSide, others: others.map((group) => comparedWith(baseSide, side(group))) }];
  });
}

function firstMeasured(groups: readonly (readonly ComparedRun[])[]): readonly ComparedRun[] | undefined {
  const began = (runs: readonly ComparedRun[]) =>
    runs.reduce((least, { t0WallNs }) => (t0WallNs > 0n && (least === 0n || t0WallNs < least) ? t0WallNs : least), 0n);
  return groups.toSorted((a, b) => Number(began(a) - began(b)))[0];
}

/** What differs between two parts, a text for each fact. */
export function differingFacts(from: Part, to: Part): string[] {
  const keys = new Set([...from.facts.keys(), ...to.facts.keys()]);
  return [...keys].flatMap((key) => {
    const [before = "none", after = "none"] = [from.facts.get(key), to.facts.get(key)];
    return before === after ? [] : [`${key} ${before}, then ${after}`];
  });
}

/** Two selections of runs against each other: what was, and what is now. */
import type { ComparedRun } from "./compared-run.ts";
import { comparedWith, differingFacts, type WorkloadComparison } from "./comparison.ts";
import { sideOf } from "./side.ts";

export interface SelectionComparison {
  readonly workloads: readonly WorkloadComparison[];
  /** What only one side has, and why nothing of the other was taken for it. */
  readonly alone: readonly Alone[];
}

export interface Alone {
  readonly side: "base" | "new";
  readonly title: string;
  readonly runs: number;
}

interface Group {
  readonly runs: readonly ComparedRun[];
  readonly first: ComparedRun;
}

/**
 * Workloads are matched by what they ask for, so an edited workload is another one. Scenarios are what is compared: those with the
 * same content are matched first, then those with the same name, and then the only one that each side has left.
 */
export function compareSelections(base: readonly ComparedRun[], now: readonly ComparedRun[]): SelectionComparison {
  const workloads: WorkloadComparison[] = [];
  const alone: Alone[] = [];
  const hashes = new Set([...base, ...now].map(({ workload }) => workload.hash));
  for (const hash of hashes) {
    const of = (runs: readonly ComparedRun[]) => groupsOf(runs.filter(({ workload }) => workload.hash === hash));
    const { pairs, left, right } = matched(of(base), of(now));
    workloads.push(...pairs.map(([from, to]) => pairComparison(from, to)));
    alone.push(...left.map((group) => aloneOf("base", group)), ...right.map((group) => aloneOf("new", group)));
  }
  return { workloads, alone };
}

function groupsOf(runs: readonly ComparedRun[]): Group[] {
  return [...Map.groupBy(runs, ({ scenario }) => scenario.hash).values()].flatMap((group) =>
    group[0] ? [{ runs: group, first: group[0] }] : [],
  );
}

type Pair = readonly [from: Group, to: Group];

function matched(base: readonly Group[], now: readonly Group[]) {
  const pairs: Pair[] = [];
  let [left, right] = [base, now];
  const isSame = (key: (group: Group) => string) => (from: Group) => {
    const alike = (group: Group) => key(group) === key(from);
    const found = right.filter(alike);
    return left.filter(alike).length === 1 && found.length === 1 ? found[0] : undefined;
  };
  for (const partner of [
    isSame(({ first }) => first.scenario.hash),
    isSame(({ first }) => first.scenario.name),
    isSame(() => "the only one left"),
  ]) {
    const found = left.flatMap((from): Pair[] => {
      const to = partner(from);
      return to ? [[from, to]] : [];
    });
    pairs.push(...found);
    left = left.filter((group) => !found.some(([from]) => from === group));
    right = right.filter((group) => !found.some(([, to]) => to === group));
  }
  return { pairs, left, right };
}

function pairComparison(from: Group, to: Group): WorkloadComparison {
  const { workload, scenario } = from.first;
  const other = to.first.scenario;
  const sameName = scenario.name === other.name;
  const base = sideOf(sameName ? "base" : scenario.name, from.runs);
  const side = sideOf(sameName ? "new" : other.name, to.runs);
  return {
    title: sameName ? `${scenario.name}/${workload.name}` : workload.name,
    base,
    others: [comparedWith(base, side, differingFacts(scenario, other))],
  };
}

function aloneOf(side: "base" | "new", { runs, first }: Group): Alone {
  return { side, title: `${first.scenario.name}/${first.workload.name}`, runs: runs.length };
}

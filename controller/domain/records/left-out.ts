/** What came under a run's name and does not count: a run must outlive whatever anybody sends. Pure. */
import type { RecordProblem } from "./problem.ts";

export interface LeftOut {
  /** agent: undefined when it is not in the run. seq: undefined when nobody knows it. */
  add(agent: string | undefined, seq: number | undefined, problem: RecordProblem): void;
  /** Sentences for a reader of the run's figures: one for each agent and kind of problem. */
  notes(): string[];
}

interface Group {
  readonly agent: string | undefined;
  readonly seq: number | undefined;
  readonly first: RecordProblem;
  count: number;
}

export function createLeftOut(): LeftOut {
  const groups = new Map<string, Group>();
  return {
    add(agent, seq, problem) {
      const key = `${agent ?? ""} ${problem.what}`;
      const group = groups.get(key);
      if (group) group.count++;
      else groups.set(key, { agent, seq, first: problem, count: 1 });
    },
    notes: () => [...groups.values()].map(sentence),
  };
}

function sentence({ agent, seq, first: { what, detail }, count }: Group): string {
  const whose = agent === undefined ? "" : ` of ${agent}`;
  const left =
    count === 1 ? `1 record${whose} is left out: it ${what}` : `${count} records${whose} are left out: each ${what}`;
  const which = seq === undefined ? detail : `record ${seq}: ${detail}`;
  return `${left} (${count === 1 ? "" : "the first, "}${which})`;
}

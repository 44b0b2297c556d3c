/** What every format shows, and the rows that those with a table have in common. */
import type { Finding } from "@salvo/proto/run_pb.ts";
import type { WorkloadComparison } from "../../analysis/comparison/comparison.ts";
import type { Difference } from "../../analysis/comparison/difference.ts";
import type { Judged } from "../../analysis/comparison/gate.ts";
import type { SelectionComparison } from "../../analysis/comparison/selections.ts";
import { differenceSentence, outcomeWords } from "../../analysis/comparison/sentence.ts";
import type { Side } from "../../analysis/comparison/side.ts";
import type { Spread } from "../../analysis/statistics/interval.ts";

export interface Shown extends SelectionComparison {
  readonly judged: readonly Judged[];
  /** Of all runs of both sides together. */
  readonly findings: readonly Finding[];
  /** As it was asked for. */
  readonly base: string;
  readonly now: string;
}

/** One measure of one side against its base. */
export interface Row {
  readonly title: string;
  readonly base: Side;
  readonly side: Side;
  readonly difference: Difference;
  readonly outcome: string;
  readonly sentence: string;
  readonly judged: Judged | undefined;
}

export function rowsOf({ workloads, judged }: Pick<Shown, "workloads" | "judged">): Row[] {
  return workloads.flatMap(({ title, base, others }: WorkloadComparison) =>
    others.flatMap(({ side, differences }) =>
      differences.map((difference) => ({
        title,
        base,
        side,
        difference,
        outcome: outcomeWords(difference),
        sentence: differenceSentence(difference, base, side),
        judged: judged.find(
          (each) => each.title === title && each.side === side.label && each.measure === difference.measure.title,
        ),
      })),
    ),
  );
}

/** What has no digits is written as it is. */
export function digitsOf(value: number | undefined, digits: number): string {
  return value === undefined ? "" : value.toFixed(digits);
}

export function spreadName({ type }: Spread): string {
  return type === "interval" ? "95 % interval" : "range";
}

export function findingLines({ findings }: Pick<Shown, "findings">): string[] {
  return findings.map(({ sentence, confidence, next }) => `${sentence} (${confidence} confidence). ${next}`);
}

export function aloneLines({ alone }: Pick<Shown, "alone">): string[] {
  return alone.map(({ side, title, runs }) => {
    const other = side === "base" ? "the new runs have" : "the base has";
    return `${title}: ${runs === 1 ? "1 run" : `${runs} runs`} only on the side of ${side}; ${other} none with the same content`;
  });
}

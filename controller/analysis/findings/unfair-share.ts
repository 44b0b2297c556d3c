import { greatest, least } from "@salvo/shared/kernel/extremes.ts";
import type { FindingFacts } from "./facts.ts";
import type { Found } from "./rule.ts";

/** 1 when all have the same, 1/n when one has all. Jain, Chiu and Hawe, DEC-TR-301 (1984). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  const squares = values.reduce((all, value) => all + value ** 2, 0);
  return squares === 0 ? 1 : sum ** 2 / (values.length * squares);
}

const INDEX_MIN = 0.95;

/** Participants that ask for the same get very different rates. */
export function unfairShare({ participants }: FindingFacts): Found[] {
  const rates = participants.map(({ totals }) => totals.iops);
  const index = jainIndex(rates);
  if (rates.length < 2 || index >= INDEX_MIN) return [];
  const [fewest, most] = [least(rates), greatest(rates)];
  const of = (rate: number) => participants.find(({ totals }) => totals.iops === rate)?.id ?? "";
  const times =
    fewest > 0 ? `${(most / fewest).toFixed(1)} times the IOPS of ${of(fewest)}` : `all that ${of(fewest)} did not`;
  return [
    {
      name: "unfair-share",
      sentence: `participants that asked for the same did not get the same: ${of(most)} had ${times} (Jain's index ${index.toFixed(2)})`,
      evidence: [
        { what: "Jain's index", value: index },
        { what: "most IOPS", value: most, participant: of(most) },
        { what: "fewest IOPS", value: fewest, participant: of(fewest) },
      ],
      confidence: index < 0.8 ? "high" : "medium",
      next: "Compare the paths of the two: link, queue depth, NUMA node and sessions; then run each of them alone",
    },
  ];
}

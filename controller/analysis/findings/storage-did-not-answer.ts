import type { FindingFacts } from "./facts.ts";
import type { Found } from "./rule.ts";

/** A participant did no I/O at all for longer than two intervals. */
export function storageDidNotAnswer({ stalls }: FindingFacts): Found[] {
  const silent = stalls.filter(({ kind }) => kind === "no-io");
  const [longest] = silent.toSorted((a, b) => b.seconds - a.seconds);
  if (!longest) return [];
  const others = silent.length > 1 ? `, the longest of ${silent.length} such times` : "";
  return [
    {
      name: "storage-did-not-answer",
      sentence: `the storage of ${longest.participant ?? longest.agent} did not answer for ${longest.seconds.toFixed(1)} s${others}`,
      evidence: silent.slice(0, 8).map(({ agent, participant = "", seconds, firstTick, lastTick }) => ({
        what: "without I/O",
        value: seconds,
        unit: "s",
        agent,
        participant,
        firstTick,
        lastTick,
      })),
      confidence: "high",
      next: "Look at the target's log and at the sessions at that time: a path that failed, a reset or a full cache all look like this",
    },
  ];
}

/** Agents that may hold records that are not here. Pure. */
import type { RunSpec, StreamCompleteness } from "@salvo/proto/run_pb.ts";
import type { Uncollected } from "../domain/agent-state.ts";
import type { AgentOutline } from "./outline.ts";

export interface UncollectedAgent extends Uncollected {
  readonly agent: string;
}

/** Agents whose last word is here, and every record before it: whatever they hold themselves is here too. */
export function wholeAgents(
  outlines: readonly AgentOutline[],
  streams: readonly StreamCompleteness[],
): ReadonlySet<string> {
  const withGaps = new Set(streams.filter(({ missing }) => missing > 0).map(({ agent }) => agent));
  return new Set(outlines.filter(({ agent, end }) => end && !withGaps.has(agent)).map(({ agent }) => agent));
}

/** What became of each, and what to type. */
export function uncollectedNotes(
  uncollected: readonly UncollectedAgent[],
  whole: ReadonlySet<string>,
  { run }: RunSpec,
): string[] {
  return uncollected.map(({ agent, why, forgotten }) => {
    if (whole.has(agent))
      return `${agent} ${why} at the end; all its records are here, and its own copy can go: salvo agents --release ${run}`;
    const what = `${agent} ${why}, so not all that it recorded is here`;
    if (forgotten) return `${what}, and it has the run no more`;
    return `${what}: it holds the rest until salvo resume has it, or salvo discard gives it up`;
  });
}

/** Who is in no total: agents that a run went on without, or was ended for. Pure. */
import type { RunSpec, StreamCompleteness } from "@salvo/proto/run_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import type { AgentOutline } from "./outline.ts";
import { plannedSpan } from "./window.ts";

export interface LostFacts {
  readonly spec: RunSpec;
  /** Agents that the conductor went on without. */
  readonly silent: readonly string[];
  readonly aborted: boolean;
  readonly outlines: readonly AgentOutline[];
  readonly streams: readonly StreamCompleteness[];
}

export interface Lost {
  /** Their participants are in no total and shorten no window. */
  readonly lost: readonly string[];
  /** Silent in mid-run, but all their ticks are here: as good as any other. */
  readonly cameBack: readonly string[];
}

export function whoIsLost({ spec, silent, aborted, outlines, streams }: LostFacts): Lost {
  const gaps = new Map(streams.map(({ agent, missing }) => [agent, missing]));
  const whole = new Set(
    outlines
      .filter((outline) => gaps.get(outline.agent) === 0 && hasAllTicks(spec, outline) && !endedEarly(outline))
      .map(({ agent }) => agent),
  );
  const died = aborted ? diedInMidRun(outlines) : [];
  return {
    lost: [...new Set([...silent, ...died])].filter((agent) => !whole.has(agent)),
    cameBack: silent.filter((agent) => whole.has(agent)),
  };
}

function hasAllTicks({ participants, ...spec }: RunSpec, { agent, lastTick, answeredTick }: AgentOutline): boolean {
  const { last } = plannedSpan({ participants, ...spec });
  const own = participants.filter((participant) => participant.agent === agent);
  return lastTick >= last && own.every(({ id }) => (answeredTick.get(id) ?? 0) >= last);
}

/** An aborted run may have been ended for one that died: the others say how they ended, and it does not, or says that it was cut off. */
function diedInMidRun(outlines: readonly AgentOutline[]): string[] {
  const dead = (outline: AgentOutline) => outline.lastTick > 0 && (!outline.end || wasCutOff(outline));
  const someLasted = outlines.some((outline) => outline.lastTick > 0 && !dead(outline));
  return someLasted ? outlines.filter(dead).map(({ agent }) => agent) : [];
}

/** Its last word is that it did not run to its planned end. */
function endedEarly({ end }: AgentOutline): boolean {
  return end !== undefined && end.outcome !== Outcome.FINISHED;
}

/** It started again after the run, and says so. */
function wasCutOff({ end }: AgentOutline): boolean {
  return end?.outcome === Outcome.INTERRUPTED;
}

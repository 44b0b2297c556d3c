/** What becomes of a run for the sake of its observers. The figures are the participants' alone. */
import { ObserverLoss } from "@salvo/proto/lab_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { isObserver } from "../domain/observer.ts";
import { CLOCK_BOUND_MS_MAX } from "../domain/preflight.ts";
import type { Measured } from "./measured.ts";
import type { AgentOutline } from "./outline.ts";

export interface Observers {
  has(agent: string): boolean;
  /** The lab says that whatever is missing of it is a note, and no matter of the verdict. */
  isNoted(agent: string): boolean;
}

export function observersOf({ agents }: RunSpec): Observers {
  const policies = new Map(agents.filter(isObserver).map(({ id, observer }) => [id, observer]));
  return { has: (agent) => policies.has(agent), isNoted: (agent) => policies.get(agent) === ObserverLoss.NOTE };
}

export interface ObserverFacts {
  readonly observers: Observers;
  readonly outlines: readonly AgentOutline[];
  readonly lost: readonly string[];
  /** Agents of which records are missing. */
  readonly withGaps: readonly string[];
  readonly jumped: readonly string[];
  /** The host's clock included. */
  readonly boundMsOf: (agent: string) => number;
  readonly measured: Measured | undefined;
}

/** An observer this busy may be what limited the participants. */
const BUSY_SHARE_MAX = 0.9;

/** Sentences that a reader of the observers' samples should know. */
export function observerNotes(facts: ObserverFacts): string[] {
  const { observers, lost, withGaps, jumped, boundMsOf, measured } = facts;
  return facts.outlines
    .filter(({ agent }) => observers.has(agent))
    .flatMap(({ agent, lastTick, end }) => {
      const isLost = lost.includes(agent);
      const isNoted = observers.isNoted(agent);
      const boundMs = boundMsOf(agent);
      const busy = measured?.busyShares().get(agent) ?? 0;
      const told: readonly (string | false)[] = [
        isLost && (lastTick > 0 ? `samples of ${agent} end at tick ${lastTick}` : `there are no samples of ${agent}`),
        isNoted && withGaps.includes(agent) && `records of the observer ${agent} are missing`,
        isNoted && !isLost && !end && lastTick > 0 && `the last records of the observer ${agent} are missing`,
        isNoted && jumped.includes(agent) && `the clock jumped on the observer ${agent}: its samples cannot be placed`,
        boundMs > CLOCK_BOUND_MS_MAX && `samples of the observer ${agent} are placed to ${boundMs.toFixed(1)} ms only`,
        busy > BUSY_SHARE_MAX &&
          `${agent} was ${Math.round(busy * 100)} % busy on all its cores: it may be what limited the participants`,
      ];
      return told.filter((text) => text !== false);
    });
}

/** Of any agent: what its host did at these ticks is in the samples after them. */
export function gapNotes(outlines: readonly AgentOutline[]): string[] {
  return outlines.flatMap(({ agent, gapTicks }) =>
    gapTicks.size > 0
      ? [
          `${agent} had no reading of its host at ${gapTicks.size === 1 ? "1 tick" : `${gapTicks.size} ticks`}: the samples after a gap have the counts of the whole time`,
        ]
      : [],
  );
}

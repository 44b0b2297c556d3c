import type { AgentDescription } from "@salvo/proto/agent_pb.ts";
import type { ClockEstimate } from "@salvo/proto/run_pb.ts";
import type { T0 } from "./clocks.ts";
import type { UncollectedAgent } from "./uncollected.ts";

/** What the conductor knows of a run and no record tells. */
export interface RunFacts {
  /** Undefined when the run ended before it was fired. */
  readonly t0: T0 | undefined;
  readonly clockBefore: ClockEstimate[];
  readonly clockAfter: ClockEstimate[];
  readonly agents: AgentDescription[];
  /** Why the run was ended before its plan; a sentence. */
  readonly aborted?: string | undefined;
  /** Agents that were lost in mid-run while the others went on. */
  readonly lost: readonly string[];
  /** Agents that said that they ran to the end: all their samples are expected, whether or not their records are here. */
  readonly finished?: readonly string[];
  /** Agents that may hold records that are not here. */
  readonly uncollected?: readonly UncollectedAgent[];
  /** Sentences about how the run was conducted. */
  readonly notes?: readonly string[];
}

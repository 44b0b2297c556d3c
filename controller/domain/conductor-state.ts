/** What the conductor knows of a run. */
import type { Nanos } from "@salvo/shared/kernel/time.ts";
import type { AgentState } from "./agent-state.ts";
import type { PlannedAgent } from "./losses.ts";
import type { Phase } from "./phases.ts";

export interface ConductorPlan {
  readonly agents: readonly PlannedAgent[];
  /** Ramp, duration and tail. */
  readonly lengthMs: number;
  /** How long collecting may take, however busily agents send: what the run can have recorded bounds it. */
  readonly collectMaxMs: number;
}

export interface ConductorState {
  readonly plan: ConductorPlan;
  readonly phase: Phase;
  readonly agents: ReadonlyMap<string, AgentState>;
  readonly t0Ns: Nanos | undefined;
  /** The first reason wins and is kept. */
  readonly aborted: string | undefined;
  /** The controller's host was started anew in mid-run: its clock now has nothing to do with the one of T0. */
  readonly rebooted: boolean;
  /** When collecting began, the last time. */
  readonly collectingNs: Nanos | undefined;
  /** How often the run was sealed: again when an agent could be collected from later. */
  readonly seals: number;
}

/** Which agents a run can do without. Pure. */
import type { Nanos } from "@salvo/shared/kernel/time.ts";
import { isBeforeItsEnd, type Phase } from "./phases.ts";

export interface PlannedAgent {
  readonly id: string;
  readonly onLoss: "abort" | "continue";
  /** What the lab says of losing it. Absent for an agent with participants. */
  readonly observer?: "degrade" | "note";
}

export interface Moment {
  readonly phase: Phase;
  readonly t0Ns: Nanos | undefined;
  readonly atNs: Nanos;
  /** The agent said that its gates are open. */
  readonly started: boolean;
}

/**
 * Whether the run goes on without the agent. The start of participants is all or nothing: only one that is known to have started
 * may be lost. Before T0 the policy decides about an observer; afterwards no observer is worth the participants' figures.
 */
export function mayLose(agent: PlannedAgent | undefined, { phase, t0Ns, atNs, started }: Moment): boolean {
  if (!agent || !isBeforeItsEnd(phase)) return false;
  if (agent.observer) return agent.observer === "note" || (t0Ns !== undefined && atNs >= t0Ns);
  return phase === "running" && started && agent.onLoss === "continue";
}

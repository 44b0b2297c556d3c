/** Tells an agent to stop its part of a run. */
import { excerpt } from "@salvo/shared/audit/fit.ts";
import type { Reach } from "../reach.ts";
import { tellToStop } from "../tell-to-stop.ts";
import { clientOf } from "./client.ts";
import type { OpenRun } from "./deps.ts";

export interface Stopping {
  readonly reason: string;
  readonly signal: AbortSignal;
  /** While it is collected from. */
  readonly reach?: Reach;
}

/** Tells the agent until it hears, or the phase is over: a connection that breaks now must not leave fio at work. */
export async function stopAgent(agent: string, run: OpenRun, stopping: Stopping): Promise<void> {
  const tell = async () => tellToStop({ ...stopping, client: clientOf(run, agent), run: run.spec.run });
  await run.calls.around("Abort", agent, { reason: excerpt(stopping.reason) }, tell);
}

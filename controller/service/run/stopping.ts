/** Tells an agent to stop its part of a run. */
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { excerpt } from "@salvo/shared/audit/fit.ts";
import { clientOf } from "./client.ts";
import type { OpenRun } from "./deps.ts";

/** Between two attempts to stop an agent that does not hear. */
const STOP_AGAIN_MS = 200;

/** Tells the agent until it hears, or the phase is over: a connection that breaks now must not leave fio at work. */
export async function stopAgent(agent: string, reason: string, run: OpenRun, signal: AbortSignal): Promise<void> {
  await run.calls.around("Abort", agent, { reason: excerpt(reason) }, async () => tell(agent, reason, run, signal));
}

async function tell(agent: string, reason: string, run: OpenRun, signal: AbortSignal): Promise<void> {
  const request = { run: run.spec.run, reason: shortened(reason) };
  for (;;) {
    try {
      await clientOf(run, agent).abort(request, { deadlineMs: 1_900, signal });
      return;
    } catch (error) {
      const { kind } = toSalvoError(error);
      if (kind === "not-found") return; // it never came so far as to have the run
      if (kind !== "unavailable" && kind !== "timeout") throw error;
    }
    await sleep(STOP_AGAIN_MS, { signal });
  }
}

/** What fio said may be in it. An agent refuses a text over its limit, and an abort must never be refused. */
function shortened(reason: string): string {
  return reason.length <= REASON_CHARS_MAX ? reason : `${reason.slice(0, REASON_CHARS_MAX).toWellFormed()}...`;
}

const REASON_CHARS_MAX = 20_000;

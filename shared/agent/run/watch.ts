import type { RunStatus } from "@salvo/proto/agent_pb.ts";
import type { RunState } from "../domain/run-machine.ts";
import type { ActiveRun } from "./run.ts";
import type { Runs } from "./runs.ts";

const HEARTBEAT_MS = 1_000;

/** The status of a run whenever it has news, and once a second. Ends when the run has ended, or with the signal. */
export async function* watchRun(runs: Runs, name: string, signal: AbortSignal): AsyncIterable<RunStatus> {
  if (runs.isHeld(name)) return yield runs.statusOf(name);
  const run = runs.activeRun(name);
  await run.tell({ type: "watchers", count: run.state.watchers + 1 });
  try {
    while (!runs.isHeld(name) && !signal.aborted) {
      const known = run.state; // before the status is given away: it may change while nobody looks
      yield runs.statusOf(name);
      await newsOrHeartbeat(run, known, signal);
    }
    if (runs.isHeld(name)) yield runs.statusOf(name);
  } finally {
    await run.tell({ type: "watchers", count: run.state.watchers - 1 });
  }
}

/**
 * Resolves when the state tells something new, with the heartbeat's pause, or with the signal; never throws. A tick alone
 * is no news: ten messages a second about nothing would be work on the measured host.
 */
async function newsOrHeartbeat(run: ActiveRun, known: RunState, signal: AbortSignal): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<"over">();
  const heartbeat = setTimeout(() => resolve("over"), HEARTBEAT_MS);
  const onAbort = () => resolve("over");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const changed = run.changed();
      if (isNews(run.state, known)) return;
      if ((await Promise.race([changed, over])) === "over") return;
      if (run.state.phase === "ended") return; // its last change is that the journal is complete
    }
  } finally {
    clearTimeout(heartbeat);
    signal.removeEventListener("abort", onAbort);
  }
}

function isNews(now: RunState, known: RunState): boolean {
  return (
    now.phase !== known.phase ||
    now.outcome !== known.outcome ||
    now.reason !== known.reason ||
    now.started !== known.started
  );
}

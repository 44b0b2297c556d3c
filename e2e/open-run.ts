/** What a controller has written down of a run that is not sealed yet, looked at from outside. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ConductorState } from "@salvo/controller/domain/conductor-state.ts";
import { conduct, step } from "@salvo/controller/domain/conductor.ts";
import type { ConductorEvent } from "@salvo/controller/domain/conductor-events.ts";
import { readRunLog } from "@salvo/controller/service/run-log.ts";
import { openRunFolder, openRunsFolder } from "@salvo/controller/store/layout.ts";
import { readOpenRun } from "@salvo/controller/store/openrun.ts";

const WAIT_MS = 60_000;
/** Some phases last for milliseconds. */
const LOOK_EVERY_MS = 2;

export interface OpenRun {
  readonly run: string;
  readonly folder: string;
  /** As they were made durable, in order. */
  readonly events: readonly ConductorEvent[];
  /** What the conductor makes of them. */
  readonly state: ConductorState;
}

/** The one run that is open; undefined before its log has an entry, and after it was tidied up. */
export async function lookAtOpenRun(dataDir: string): Promise<OpenRun | undefined> {
  const [run] = openRunNames(dataDir);
  if (run === undefined) return undefined;
  const folder = openRunFolder(dataDir, run);
  try {
    const spec = await readOpenRun(dataDir, run);
    const entries = await readRunLog(join(folder, "events.journal"));
    if (!spec || entries.length === 0) return undefined;
    const events = entries.flatMap((entry) => (entry.type === "event" ? [entry.event] : []));
    const plan = {
      agents: spec.agents.map(({ id }) => ({ id, onLoss: "abort" }) as const),
      lengthMs: 0,
      collectMaxMs: 3_600_000,
    };
    const state = events.reduce((state, event) => step(state, event).state, conduct(plan));
    return { run, folder, events, state };
  } catch {
    return undefined; // it is being made, or removed
  }
}

export function openRunNames(dataDir: string): string[] {
  try {
    return readdirSync(openRunsFolder(dataDir));
  } catch {
    return []; // no controller has been here yet
  }
}

/** Waits until the log says so: nothing is asked of anybody before it is in there. Throws when the run ends before. */
export async function untilOpenRun(dataDir: string, holds: (run: OpenRun) => boolean): Promise<OpenRun> {
  const giveUpMs = performance.now() + WAIT_MS;
  let last: OpenRun | undefined;
  while (performance.now() < giveUpMs) {
    const run = await lookAtOpenRun(dataDir);
    if (run && holds(run)) return run;
    if (last && openRunNames(dataDir).length === 0) break;
    last = run ?? last;
    await setTimeout(LOOK_EVERY_MS);
  }
  throw new Error(`waited in vain, lastly in phase ${last?.state.phase ?? "none: no run was open"}`);
}

import { SILENCE_MS, watchRun } from "../watch.ts";
import { clientOf, runAgentOf } from "./client.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** Follows an agent's part of the run: its start, its end, and its silence. */
export async function watchAgent(agent: string, run: OpenRun, course: Course): Promise<void> {
  const { clock, spec } = run;
  const beforeT0 = () => course.state.t0Ns === undefined || clock.now() < course.state.t0Ns;
  const client = clientOf(run, agent);
  const { address, lostAfterMs } = runAgentOf(run, agent);
  const silenceMs = lostAfterMs || SILENCE_MS;
  const signal = course.over;
  for await (const news of watchRun({ client, run: spec.run, address, clock, silenceMs, beforeT0, signal })) {
    course.emit({ ...news, agent });
  }
}

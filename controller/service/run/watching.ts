import { watchRun } from "../watch.ts";
import { clientOf } from "./client.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** Follows an agent's part of the run: its start, its end, and its silence. */
export async function watchAgent(agent: string, run: OpenRun, course: Course): Promise<void> {
  const { clock, spec } = run;
  const beforeT0 = () => course.state.t0Ns === undefined || clock.now() < course.state.t0Ns;
  const client = clientOf(run, agent);
  for await (const news of watchRun({ client, run: spec.run, clock, beforeT0, signal: course.over })) {
    course.emit({ ...news, agent });
  }
}

/** The runs of a study in order, and when it is of no use to begin another. */
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { storageGroups } from "../../domain/matrix.ts";
import type { Controller } from "../controller.ts";
import type { RunOptions } from "../run/deps.ts";
import type { StudyDeps } from "./deps.ts";
import type { EndReason, RunPlace } from "./events.ts";
import { unreachableAgents } from "./preflight.ts";
import type { StudyStorage } from "./storage.ts";

export async function runInOrder(
  specs: readonly RunSpec[],
  controller: Controller,
  storage: StudyStorage,
  deps: StudyDeps,
): Promise<EndReason> {
  const { emit, signal } = deps;
  let unreachable: readonly string[] = [];
  let begun = 0;
  let end: EndReason | undefined;

  async function runOne(spec: RunSpec): Promise<void> {
    const place = { number: ++begun, of: specs.length };
    const manifest = await controller.run(spec, follow(spec, place, deps));
    emit({ type: "run-sealed", manifest });
    if (begun === specs.length) return;
    const gone = neverBegan(manifest) ? await unreachableAgents(controller.channels, spec, signal) : [];
    const agents = gone.filter((agent) => unreachable.includes(agent));
    unreachable = gone;
    if (agents.length > 0) end = { type: "unreachable", agents, notBegun: specs.length - begun };
    else if (signal.aborted) end = { type: "stopped" };
  }

  for (const group of storageGroups(specs)) {
    if (signal.aborted) end ??= { type: "stopped" };
    if (end) break;
    const before = begun;
    await storage.around(group, async (runs) => {
      for (const spec of runs) if (!end) await runOne(spec);
    });
    // Runs whose storage could not be made count as well: `[3/4]` is the third that was planned.
    if (begun === before) begun += group.length;
  }
  return end ?? { type: signal.aborted ? "stopped" : "done" };
}

/** What a run is given that its events are to be told. */
export function follow(spec: RunSpec, place: RunPlace, { emit, signal }: StudyDeps): RunOptions {
  emit({ type: "run-begun", spec, place });
  return { abort: signal, onView: (view) => emit({ type: "view", view }) };
}

/** Aborted before any T0 was agreed on. */
function neverBegan({ t0Ns, summary }: Manifest): boolean {
  return t0Ns === 0n && summary?.verdict === "aborted";
}

/** The event loop of one run: what happens is written down, and only then acted on. */
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Nanos } from "@salvo/shared/kernel/time.ts";
import type { ConductorEffect } from "../../domain/conductor-events.ts";
import type { Phase } from "../../domain/phases.ts";
import { chooseT0 } from "../../domain/t0.ts";
import { createAsks } from "./asks.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";
import { seal } from "./sealing.ts";
import { createTimers } from "./timers.ts";
import { watchAgent } from "./watching.ts";

/** Until the conductor is done. Gives the manifest that was sealed; undefined when an earlier life had sealed it. */
export async function followCourse(run: OpenRun, course: Course): Promise<Manifest | undefined> {
  const { clock, log, live, calls } = run;
  const asks = createAsks(run, course);
  using timers = createTimers(clock, (name) => course.emit({ type: "timer", name }));
  let manifest: Manifest | undefined;
  let shown: Phase | undefined;
  /** How long the last entry took to be on the disk. */
  let writingNs: Nanos = 0n;

  async function sealOnce(): Promise<void> {
    try {
      manifest = await seal(run, course);
      course.emit({ type: "sealed" });
    } catch (error) {
      course.close(toSalvoError(error));
    }
  }

  function perform(effect: ConductorEffect): void {
    switch (effect.type) {
      case "ask":
        return void asks.ask(effect);
      case "watch":
        return void watchAgent(effect.agent, run, course);
      case "timer":
        return timers.set(effect.name, effect.atNs);
      case "choose-t0": {
        const known = { ...effect, noticesMs: asks.noticesMs, writingNs: writingNs + calls.delayNs };
        return course.emit({ type: "t0", t0Ns: chooseT0(known, clock.now()) });
      }
      case "seal":
        return void sealOnce();
      case "done":
        return course.close();
      default:
        return unreachable(effect);
    }
  }

  for await (const fact of course.facts) {
    const writtenFromNs = clock.now();
    await log.append(fact);
    writingNs = clock.now() - writtenFromNs;
    const effects = course.take(fact);
    const { phase, t0Ns } = course.state;
    if (phase !== shown) live.phase((shown = phase), t0Ns);
    for (const effect of effects) perform(effect);
  }
  return manifest;
}

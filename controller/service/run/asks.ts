/** What the conductor asks of agents, and what is said of how that went. */
import type { SalvoError } from "@salvo/shared/kernel/error.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import type { ConductorEffect } from "../../domain/conductor-events.ts";
import type { Spool } from "../../store/spool.ts";
import { headOf } from "../call-log.ts";
import { probeClock } from "../clock-probe.ts";
import { collectRecords } from "../collect.ts";
import { createReach } from "../reach.ts";
import { clientOf, runAgentOf } from "./client.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";
import { checkBoot, describeAgent } from "./describing.ts";
import { armAgent, fireAgent } from "./firing.ts";
import { stopAgent } from "./stopping.ts";

export type AskEffect = ConductorEffect & { readonly type: "ask" };

export interface Asks {
  /** Never throws: how it went is an event of the run. */
  ask(effect: AskEffect): Promise<void>;
  /** Of the agents that have armed: how long before T0 each must know of it. */
  readonly noticesMs: readonly number[];
}

export function createAsks(run: OpenRun, course: Course): Asks {
  const { spool, spec, clock, logger } = run;
  const noticesMs: number[] = [];
  let probing: Promise<unknown> = Promise.resolve();

  async function perform(effect: AskEffect): Promise<void> {
    const { what, agent } = effect;
    // The signal of this phase: another phase may have begun by the time that an agent has answered.
    const signal = course.phaseOver;
    switch (what) {
      case "describe":
        return describeAgent(agent, run, course);
      case "arm":
        noticesMs.push(await armAgent(agent, run, course, signal));
        return;
      case "clock":
      case "clock-again":
        // One after another: probes at the same time would delay each other.
        probing = probing.then(
          async () => probe(what, agent),
          async () => probe(what, agent),
        );
        await probing;
        return;
      case "fire":
        return fireAgent(agent, effect.t0Ns, run, course);
      case "abort":
        return stopAgent(agent, run, { reason: effect.reason ?? "", signal });
      case "collect":
        return collect(agent, effect.reason, signal);
      case "release":
        return release(agent, run, signal);
      default:
        return unreachable(effect);
    }
  }

  async function collect(agent: string, reason: string | undefined, signal: AbortSignal): Promise<void> {
    const reach = createReach({
      address: runAgentOf(run, agent).address,
      nowMs: () => performance.now(),
      tell: (type) => course.emit({ type, agent }),
    });
    // One that could not be told to stop may be within reach again.
    if (reason !== undefined) await stopAgent(agent, run, { reason, signal, reach });
    const busConnected = () => run.bus()?.connected ?? false;
    await collectRecords({ client: clientOf(run, agent), agent, run: spec.run, spool, busConnected, reach, signal });
  }

  async function probe(what: "clock" | "clock-again", agent: string): Promise<void> {
    if (course.state.phase !== what) return;
    if (what === "clock-again") await checkBoot(agent, run, course);
    const estimate = await probeClock(clientOf(run, agent), clock, { signal: course.over });
    course.emit({ type: "clock", agent, estimate });
  }

  return {
    noticesMs,
    async ask(effect) {
      const { what, agent } = effect;
      try {
        await perform(effect);
        if (what !== "clock" && what !== "clock-again") course.emit({ type: "did", what, agent });
      } catch (error) {
        const ours = what === "collect" ? await failureOf(spool) : undefined;
        if (ours) return course.close(ours);
        const problem = toSalvoError(error);
        if (problem.kind === "internal") logger.error({ run: spec.run, agent, what, error }, "an ask failed");
        const reason = problem.remedy ? `${problem.message}. ${problem.remedy}` : problem.message;
        const forgotten = what === "collect" && problem.kind === "not-found";
        course.emit({ type: "failed", what, agent, reason, ...(forgotten && { forgotten }) });
      }
    },
  };
}

async function release(agent: string, run: OpenRun, signal: AbortSignal): Promise<void> {
  const call = async () => clientOf(run, agent).release({ run: run.spec.run }, { deadlineMs: 5_000, signal });
  await run.calls.around("Release", agent, {}, call, headOf);
}

/** No agent is to blame for a full disk of ours: the run stays open, and the agents keep its records. */
async function failureOf(spool: Spool): Promise<SalvoError | undefined> {
  try {
    await spool.flush();
    return undefined;
  } catch (error) {
    return toSalvoError(error);
  }
}

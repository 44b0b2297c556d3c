import { assert, unreachable } from "../../kernel/assert.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import { type RunEffect, type RunEvent, type RunState, WATCH_DUE_MS } from "../domain/run-machine.ts";
import { FIRE_NOTICE_MS, observes, type RunPlan } from "../domain/run-plan.ts";
import { arm, type Armed } from "./arming.ts";
import type { RunContext, RunDeps } from "./context.ts";
import { finish } from "./ending.ts";
import { driveMachine } from "./machine.ts";
import { createParticipants } from "./participants.ts";
import { standBack } from "./precise-wait.ts";
import { type Keep, keepIn } from "./records.ts";
import { SLOWER, waitForT0 } from "./t0.ts";
import { proveStarts, runFrom } from "./ticks.ts";

/** A run in progress: performs what the run machine decides, and tells it what happens. */
export interface ActiveRun {
  readonly state: RunState;
  /** Of an armed run: how long before T0 it must know of it. */
  readonly noticeMs: number;
  /** Resolves at the next change of the state; also when the run has ended, after `ended`. */
  changed(): Promise<void>;
  /** Throws what the run machine refuses. Resolves when the effects that must be durable are. */
  tell(event: RunEvent): Promise<void>;
  /** Resolves when the run has ended and its last record was handed to the journal. */
  readonly ended: Promise<void>;
}

export function startRun(plan: RunPlan, deps: RunDeps): ActiveRun {
  const { clock, journal } = deps;
  const stop = new AbortController();
  const end = Promise.withResolvers<void>();
  const record = keepIn(journal, clock);
  const machine = driveMachine(plan, perform);
  const context = contextOf(plan, deps, { machine, record, signal: stop.signal });
  const participants = createParticipants(context);
  const { background, keep } = context;
  let armed: Armed | undefined;
  let watchDue: NodeJS.Timeout | undefined;

  function perform(effect: RunEffect): Promise<void> | void {
    switch (effect.type) {
      case "note":
        return keep({
          case: "event",
          value: { kind: effect.kind, participant: effect.participant, text: effect.text },
        });
      case "make-durable":
        return journal.flush();
      case "await-watcher":
        watchDue = setTimeout(() => void machine.tell({ type: "watch-due" }), WATCH_DUE_MS);
        return;
      case "wait-for-t0":
        return background(waitForT0(context, participants, readyOf(armed), effect.t0Ns));
      case "open-gates":
        participants.open();
        if (!observes(plan)) standBack(deps.platform.time);
        return background(runFrom(context, machine.state.t0Ns ?? clock.now()));
      case "sample":
        participants.sample(effect.tick);
        armed?.sampling.sample(effect.tick);
        return participants.lookAtWays(effect.tick);
      case "prove-start":
        return background(proveStarts(context, participants));
      case "kill":
        stop.abort(new SalvoError("cancelled", `run ${plan.run} was ended`));
        return participants.kill();
      case "end":
        return endRun(effect);
      default:
        return unreachable(effect);
    }
  }

  async function endRun(effect: RunEffect & { type: "end" }): Promise<void> {
    clearTimeout(watchDue);
    stop.abort(new SalvoError("cancelled", `run ${plan.run} has ended`));
    await finish(effect, context, { participants, armed, record });
    end.resolve();
    machine.over();
  }

  async function prepare(): Promise<void> {
    armed = await arm(context, participants);
    await machine.tell({ type: "prepared" });
  }

  void prepare();
  return {
    get state() {
      return machine.state;
    },
    get noticeMs() {
      return Math.ceil(FIRE_NOTICE_MS + (armed?.earlyMs ?? 0) * SLOWER);
    },
    changed: () => machine.changed(),
    tell: (event) => machine.tell(event),
    ended: end.promise,
  };
}

function readyOf(armed: Armed | undefined): Armed {
  assert(armed, "a run is fired when it was armed");
  return armed;
}

function contextOf(
  plan: RunPlan,
  deps: RunDeps,
  { machine, record, signal }: { machine: ReturnType<typeof driveMachine>; record: Keep; signal: AbortSignal },
): RunContext {
  const { log } = deps;
  const tell = (event: RunEvent) => machine.tell(event);

  /** A journal that fails ends the run: what cannot be kept need not be measured. */
  const keep: Keep = (body) => {
    try {
      record(body);
    } catch (error) {
      log.error({ run: plan.run, error }, "the journal failed");
      void tell({ type: "abort", reason: `the journal failed: ${toSalvoError(error).describe()}` });
    }
  };

  async function untilItFails(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (signal.aborted) return;
      log.error({ run: plan.run, error }, "the run failed");
      await tell({ type: "abort", reason: toSalvoError(error).message });
    }
  }

  return {
    ...deps,
    plan,
    signal,
    keep,
    tell,
    state: () => machine.state,
    background: (work) => void untilItFails(work),
  };
}

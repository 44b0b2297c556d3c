import { beginRun, type RunEffect, type RunEvent, type RunState, step } from "../domain/run-machine.ts";
import type { RunPlan } from "../domain/run-plan.ts";

/** Keeps the state of the run machine, and has its effects performed in their order. */
export interface DrivenMachine {
  readonly state: RunState;
  /** Resolves at the next change of the state, or with `over`. */
  changed(): Promise<void>;
  /** Throws what the run machine refuses. Resolves when the effects were performed. */
  tell(event: RunEvent): Promise<void>;
  /** Nothing changes any more. */
  over(): void;
}

export function driveMachine(plan: RunPlan, perform: (effect: RunEffect) => Promise<void> | void): DrivenMachine {
  let state = beginRun(plan);
  let change = Promise.withResolvers<void>();
  return {
    get state() {
      return state;
    },
    changed: () => change.promise,
    async tell(event) {
      const before = state;
      const decided = step(state, event);
      state = decided.state;
      if (state !== before) {
        change.resolve();
        change = Promise.withResolvers();
      }
      for (const effect of decided.effects) await perform(effect);
    },
    over: () => change.resolve(),
  };
}

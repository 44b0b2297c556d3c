import type { Phase } from "../domain/phases.ts";

/** What a run does in each phase, for people. */
export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  preflight: "looking at the agents",
  arming: "arming: fio is started and waits at its gate",
  clock: "measuring the clocks",
  firing: "agreeing on T0",
  running: "running",
  aborting: "stopping all participants",
  "clock-again": "measuring the clocks again",
  collecting: "collecting",
  sealing: "sealing",
  releasing: "releasing the agents",
  done: "done",
};

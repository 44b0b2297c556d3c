import { unreachable } from "@salvo/shared/kernel/assert.ts";

/** The course of a run, in order; aborting comes instead of what is left before clock-again. */
export type Phase =
  | "preflight"
  | "arming"
  | "clock"
  | "firing"
  | "running"
  | "aborting"
  | "clock-again"
  | "collecting"
  | "sealing"
  | "releasing"
  | "done";

export type Ask = "describe" | "arm" | "clock" | "fire" | "abort" | "clock-again" | "collect" | "release";

export const NEXT: Readonly<Record<Exclude<Phase, "done">, Phase>> = {
  preflight: "arming",
  arming: "clock",
  clock: "firing",
  firing: "running",
  running: "clock-again",
  aborting: "clock-again",
  "clock-again": "collecting",
  collecting: "sealing",
  sealing: "releasing",
  releasing: "done",
};

/** What a phase asks every agent that it concerns; undefined where nothing is asked. */
export function askedIn(phase: Phase): Ask | undefined {
  const asks: Partial<Record<Phase, Ask>> = {
    preflight: "describe",
    arming: "arm",
    clock: "clock",
    firing: "fire",
    aborting: "abort",
    "clock-again": "clock-again",
    collecting: "collect",
    releasing: "release",
  };
  return asks[phase];
}

export function isBeforeItsEnd(phase: Phase): boolean {
  switch (phase) {
    case "preflight":
    case "arming":
    case "clock":
    case "firing":
    case "running":
      return true;
    case "aborting":
    case "clock-again":
    case "collecting":
    case "sealing":
    case "releasing":
    case "done":
      return false;
    default:
      return unreachable(phase);
  }
}

/** What the conductor is told, and what it wants to be done. */
import type { ProbedClock } from "@salvo/shared/clock/estimate.ts";
import type { Nanos } from "@salvo/shared/kernel/time.ts";
import type { Outcome } from "@salvo/proto/telemetry_pb.ts";
import type { ConductorState } from "./conductor-state.ts";
import type { Ask } from "./phases.ts";

/** atNs is the controller's monotonic clock. */
export type ConductorEvent = { readonly atNs: Nanos } & (
  | { readonly type: "begin" }
  /** An agent did what the phase asks: described, armed, fired, stopped, collected, released. */
  | { readonly type: "did"; readonly what: Ask; readonly agent: string }
  /** forgotten: the agent has the run no more. */
  | {
      readonly type: "failed";
      readonly what: Ask;
      readonly agent: string;
      readonly reason: string;
      readonly forgotten?: boolean;
    }
  | { readonly type: "clock"; readonly agent: string; readonly estimate: ProbedClock }
  /** The answer to choose-t0. */
  | { readonly type: "t0"; readonly t0Ns: Nanos }
  /** The agent's gates are open. */
  | { readonly type: "started"; readonly agent: string }
  /** The agent's run ended, for better or worse. trouble: it goes on, but a participant has failed. */
  | {
      readonly type: "ended";
      readonly agent: string;
      readonly outcome: Outcome;
      readonly reason: string;
      readonly started: boolean;
    }
  | { readonly type: "trouble"; readonly agent: string; readonly reason: string }
  | { readonly type: "lost"; readonly agent: string; readonly reason: string }
  /** Collecting: a new record of the agent came, told now and then; or its host began to refuse connections. */
  | { readonly type: "heard"; readonly agent: string }
  | { readonly type: "refused"; readonly agent: string }
  /** Collecting: the agent cannot be asked, but its last word is here, and all before it. */
  | { readonly type: "whole"; readonly agent: string }
  | { readonly type: "abort"; readonly reason: string }
  | { readonly type: "timer"; readonly name: Timer }
  | { readonly type: "sealed" }
  /** Of a run that is done: agents that could not be collected from are asked again. */
  | { readonly type: "again" }
  /** The controller was started anew. sameBoot: its monotonic clock has gone on. */
  | { readonly type: "resumed"; readonly sameBoot: boolean }
);

export type Timer = "ack" | "overdue" | "abort" | "clock-again" | "collect";

export type ConductorEffect =
  /** reason, to abort and to collect: why the run must not go on. */
  | { readonly type: "ask"; readonly what: Exclude<Ask, "fire">; readonly agent: string; readonly reason?: string }
  | { readonly type: "ask"; readonly what: "fire"; readonly agent: string; readonly t0Ns: Nanos }
  /** Answer with an event of type t0. */
  /** rttsNs: the worst of every agent's. */
  | { readonly type: "choose-t0"; readonly rttsNs: readonly bigint[] }
  /** Follow the agent's run: its end, and its silence. */
  | { readonly type: "watch"; readonly agent: string }
  | { readonly type: "timer"; readonly name: Timer; readonly atNs: Nanos }
  | { readonly type: "seal" }
  | { readonly type: "done" };

export interface Step {
  readonly state: ConductorState;
  readonly effects: readonly ConductorEffect[];
}

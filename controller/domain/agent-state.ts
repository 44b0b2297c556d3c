/** What the conductor knows of one agent of a run. */
import type { ProbedClock } from "@salvo/shared/clock/estimate.ts";
import type { Outcome } from "@salvo/proto/telemetry_pb.ts";
import type { Nanos } from "@salvo/shared/kernel/time.ts";

export interface AgentState {
  /** What the present phase asks of this agent is done. */
  readonly done: boolean;
  /** It was told to arm: it may hold fio processes and a journal. */
  readonly armed: boolean;
  /** Its clock against ours, before the run and after it. */
  readonly clock: ProbedClock | undefined;
  readonly clockAfter: ProbedClock | undefined;
  /** It said that its gates are open. */
  readonly started: boolean;
  readonly end: { readonly outcome: Outcome; readonly reason: string } | undefined;
  /** It went silent, or it is an observer that failed, and the run goes on without it: why. */
  readonly lost: string | undefined;
  /** Its last word and all before it are here, although it could not be asked yet. */
  readonly whole: boolean;
  /** All its records are here: only then may it forget them. */
  readonly collected: boolean;
  /** Why they are not, known when collecting is over. */
  readonly uncollected: Uncollected | undefined;
  readonly heard: Heard | undefined;
  /** What was collected of it is in a sealed archive. */
  readonly sealed: boolean;
  readonly released: boolean;
}

export interface Uncollected {
  /** The rest of a sentence that begins with the agent's name. */
  readonly why: string;
  /** The agent has the run no more: asking again is of no use. */
  readonly forgotten: boolean;
}

/** What is known of an agent since collecting began. */
export interface Heard {
  /** When its last record came that was new. */
  readonly recordNs?: Nanos;
  /** Its host has refused connections since then. */
  readonly refusedNs?: Nanos;
}

export const FRESH: AgentState = {
  done: false,
  armed: false,
  clock: undefined,
  clockAfter: undefined,
  started: false,
  end: undefined,
  lost: undefined,
  whole: false,
  collected: false,
  uncollected: undefined,
  heard: undefined,
  sealed: false,
  released: false,
};

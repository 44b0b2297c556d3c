/** What happens in a study, for whoever shows it: the command line prints these events. */
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import type { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { LiveView } from "../live.ts";

export type StudyEvent =
  /** The first event of a study: all its runs, in order. */
  | { readonly type: "planned"; readonly runs: readonly RunSpec[] }
  | NatsEvent
  /** After all that an earlier life of the controller had left: how many runs and whether any storage there was. */
  | { readonly type: "looked-back"; readonly runs: number; readonly storage: boolean }
  /** The agents were looked at: no run fails of this, but each will be the worse for it. */
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "storage-step"; readonly text: string }
  /** None of the scenario's runs begins. */
  | { readonly type: "storage-not-made"; readonly scenario: string; readonly problem: SalvoError }
  /** It cannot be told what storage an earlier study has left. */
  | { readonly type: "storage-unknown"; readonly problem: SalvoError }
  | { readonly type: "run-begun"; readonly spec: RunSpec; readonly place: RunPlace }
  /** Of the present run. Where views come faster than they are taken, only the latest is there. */
  | { readonly type: "view"; readonly view: LiveView }
  | { readonly type: "run-sealed"; readonly manifest: Manifest }
  /** A run of an earlier life cannot be brought to its end. */
  | { readonly type: "left-open"; readonly run: string; readonly problem: SalvoError }
  /** The last event, unless the study throws. */
  | { readonly type: "ended"; readonly reason: EndReason; readonly leftBehind: boolean };

/** The lab's NATS: the study goes on without it, and the figures come at the end. */
export type NatsEvent =
  | { readonly type: "nats"; readonly status: "away" | "back"; readonly url: string }
  /** It will not be tried again. */
  | { readonly type: "nats"; readonly status: "unusable"; readonly problem: SalvoError }
  /** The controller's own server. died: it is started again. stale: it does not know who may connect by now. */
  | { readonly type: "nats"; readonly status: "died" | "stale"; readonly reason: string };

/** resumed: an earlier life of the controller began it. */
export type RunPlace = "resumed" | { readonly number: number; readonly of: number };

export type EndReason =
  /** All runs were tried. */
  | { readonly type: "done" }
  /** The signal was given. */
  | { readonly type: "stopped" }
  /** The same agents did not answer in two runs in a row: no other run was begun. */
  | { readonly type: "unreachable"; readonly agents: readonly string[]; readonly notBegun: number };

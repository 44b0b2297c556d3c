/** What has happened in a run so far, what that means, and how its parts say what happens next. */
import { fromJson } from "@bufbuild/protobuf";
import { type AgentDescription, AgentDescriptionSchema } from "@salvo/proto/agent_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Clock } from "@salvo/shared/kernel/time.ts";
import type { ConductorState } from "../../domain/conductor-state.ts";
import { conduct, step } from "../../domain/conductor.ts";
import type { ConductorEffect, ConductorEvent } from "../../domain/conductor-events.ts";
import { planOf } from "../run-facts.ts";
import type { RunFact } from "../run-log.ts";

export interface Course extends Disposable {
  readonly state: ConductorState;
  /** What the agents said of themselves. */
  readonly descriptions: ReadonlyMap<string, AgentDescription>;
  /** Aborts when the run is over. */
  readonly over: AbortSignal;
  /** Aborts when the present phase, or the run, is over: what was asked in a phase is of no interest after it. */
  readonly phaseOver: AbortSignal;
  /** What was emitted, in order. Nothing comes after close. */
  readonly facts: AsyncIterable<RunFact>;
  describe(agent: string): AgentDescription;
  emit(event: Unstamped<ConductorEvent>): void;
  emitFact(fact: RunFact): void;
  close(failure?: SalvoError): void;
  /** Only for what is on the disk already. Gives what is to be done now. */
  take(fact: RunFact): readonly ConductorEffect[];
}

export type Unstamped<T> = T extends unknown ? Omit<T, "atNs"> : never;

export function createCourse(spec: RunSpec, clock: Clock): Course {
  const facts = createChannel<RunFact>();
  const descriptions = new Map<string, AgentDescription>();
  const over = new AbortController();
  let phaseEnd = new AbortController();
  let state = conduct(planOf(spec));

  return {
    get state() {
      return state;
    },
    descriptions,
    over: over.signal,
    get phaseOver() {
      return AbortSignal.any([over.signal, phaseEnd.signal]);
    },
    facts,
    describe(agent) {
      const description = descriptions.get(agent);
      assert(description, `agent ${agent} is described before it is armed`);
      return description;
    },
    emit(event) {
      // The union's members all have atNs; TypeScript does not distribute the spread.
      facts.push({ type: "event", event: { ...event, ...cutReason(event), atNs: clock.now() } as ConductorEvent });
    },
    emitFact: (fact) => void facts.push(fact),
    close: (failure) => facts.close(failure),
    take(fact) {
      if (fact.type === "description") {
        // Written by toJson, in describe.ts, and guarded by the log's checksums since then.
        const written = fact.description as Parameters<typeof fromJson>[1];
        descriptions.set(fact.agent, fromJson(AgentDescriptionSchema, written));
        return [];
      }
      const decided = step(state, fact.event);
      if (decided.state.phase !== state.phase) {
        phaseEnd.abort(new SalvoError("cancelled", `the run has moved on from ${state.phase}`));
        phaseEnd = new AbortController();
      }
      state = decided.state;
      return decided.effects;
    },
    [Symbol.dispose]() {
      over.abort(new SalvoError("cancelled", `run ${spec.run} is over`));
    },
  };
}

/** An agent chooses its reasons; they become entries of the run's log, which have a limit. */
const REASON_CHARS_MAX = 16_000;

function cutReason(event: Unstamped<ConductorEvent>): { readonly reason?: string } {
  if (!("reason" in event) || event.reason.length <= REASON_CHARS_MAX) return {};
  const more = event.reason.length - REASON_CHARS_MAX;
  return { reason: `${event.reason.slice(0, REASON_CHARS_MAX).toWellFormed()}... (${more} characters more)` };
}

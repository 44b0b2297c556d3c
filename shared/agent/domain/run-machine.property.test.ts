/** Any events in any order: what must be true of a run whatever happens to it. */
import { create } from "@bufbuild/protobuf";
import { EventKind, Outcome } from "@salvo/proto/telemetry_pb.ts";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toSalvoError } from "../../kernel/error.ts";
import { beginRun, type RunEffect, type RunEvent, type RunState, step } from "./run-machine.ts";
import type { RunPlan } from "./run-plan.ts";

const PARTICIPANTS = ["a", "b", "c"];

const plans: fc.Arbitrary<RunPlan> = fc
  .record({
    /** 0 is an observer. */
    participants: fc.integer({ min: 0, max: 3 }),
    jobs: fc.integer({ min: 1, max: 2 }),
    ticks: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ participants, jobs, ticks }) => ({
    run: "run-1",
    participants: PARTICIPANTS.slice(0, participants).map((id) => ({ id, device: id, deviceHash: id })),
    workload: create(WorkloadSchema, { jobs }),
    intervalMs: 100,
    ticks,
    hash: "plan",
  }));

/** A number of a participant, so that it fits any plan. */
type Choice = { readonly event: RunEvent; readonly who: number };

const choices: fc.Arbitrary<Choice> = fc.record({
  who: fc.nat(2),
  event: fc.oneof(
    { weight: 2, arbitrary: fc.constant<RunEvent>({ type: "prepared" }) },
    { weight: 4, arbitrary: fc.constant<RunEvent>({ type: "parked", participant: "" }) },
    { weight: 4, arbitrary: fc.constantFrom<RunEvent>({ type: "watchers", count: 1 }, { type: "watchers", count: 2 }) },
    { weight: 1, arbitrary: fc.constant<RunEvent>({ type: "watchers", count: 0 }) },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("fire" as const),
        nonce: fc.constantFrom("one", "two"),
        planHash: fc.constantFrom("plan", "plan", "plan", "other"),
        t0Ns: fc.constantFrom(1_000_000_000n, 950_000_000n),
        nowNs: fc.constantFrom(500_000_000n, 899_000_000n),
      }),
    },
    { weight: 6, arbitrary: fc.constant<RunEvent>({ type: "due", lateMs: 0.1 }) },
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 5 }).map((tick): RunEvent => ({ type: "tick", tick })) },
    {
      weight: 6,
      arbitrary: fc
        .constantFrom("", "broken")
        .map((problem): RunEvent => ({ type: "exited", participant: "", problem })),
    },
    { weight: 3, arbitrary: fc.constantFrom("asked", "").map((reason): RunEvent => ({ type: "abort", reason })) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<RunEvent>({ type: "watch-due" }, { type: "overdue" }, { type: "due", lateMs: 251 }),
    },
  ),
});

/** An orderly life, cut somewhere, with anything after it and in between. */
const lives: fc.Arbitrary<readonly [RunPlan, readonly Choice[]]> = fc
  .tuple(plans, fc.nat(40), fc.array(fc.tuple(fc.nat(40), choices), { maxLength: 12 }))
  .map(([plan, cut, disturbances]) => {
    const chosen = orderly(plan).slice(0, cut);
    for (const [at, choice] of disturbances) chosen.splice(Math.min(at, chosen.length), 0, choice);
    return [plan, chosen] as const;
  });

function orderly({ participants, workload, ticks }: RunPlan): Choice[] {
  const each = (event: RunEvent) => participants.map((_, who) => ({ event, who }));
  const once = (event: RunEvent) => ({ event, who: 0 });
  return [
    once({ type: "watchers", count: 1 }),
    once({ type: "prepared" }),
    ...Array.from({ length: workload.jobs }, () => each({ type: "parked", participant: "" })).flat(),
    once({ type: "fire", nonce: "one", planHash: "plan", t0Ns: 1_000_000_000n, nowNs: 500_000_000n }),
    once({ type: "due", lateMs: 0.1 }),
    ...Array.from({ length: ticks }, (_, index) => once({ type: "tick", tick: index + 1 })),
    ...each({ type: "exited", participant: "", problem: "" }),
  ];
}

interface Life {
  readonly states: RunState[];
  readonly effects: RunEffect[];
}

function live(plan: RunPlan, chosen: readonly Choice[]): Life {
  const states = [beginRun(plan)];
  const effects: RunEffect[] = [];
  for (const { event, who } of chosen) {
    const state = states.at(-1)!;
    const id = plan.participants[who % plan.participants.length]?.id;
    if ("participant" in event && id === undefined) continue; // nobody is there to whom it could happen
    try {
      const next = step(state, id !== undefined && "participant" in event ? { ...event, participant: id } : event);
      states.push(next.state);
      effects.push(...next.effects);
      if (state.phase === "ended") expect([next.state, next.effects]).toEqual([state, []]);
    } catch (error) {
      expect(event.type).toBe("fire");
      expect(["wrong-state", "refused"]).toContain(toSalvoError(error).kind);
    }
  }
  return { states, effects };
}

function indexes(effects: readonly RunEffect[], type: RunEffect["type"], kind?: EventKind): number[] {
  return effects.flatMap((effect, index) =>
    effect.type === type && (kind === undefined || (effect.type === "note" && effect.kind === kind)) ? [index] : [],
  );
}

const PHASES: readonly RunState["phase"][] = ["arming", "armed", "committed", "running", "ending", "ended"];

test("gates open at most once, after the nonce is durable, and never after a kill", () => {
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const { effects } = live(plan, chosen);
      const opened = indexes(effects, "open-gates");
      expect(opened.length).toBeLessThanOrEqual(1);
      const [at] = opened;
      const [waiting] = indexes(effects, "wait-for-t0");
      const [killed] = indexes(effects, "kill");
      if (at === undefined) {
        expect(indexes(effects, "note", EventKind.RELEASED)).toEqual([]);
        return;
      }
      const before = effects.slice(waiting! - 2, waiting);
      expect(before).toMatchObject([{ kind: EventKind.FIRED }, { type: "make-durable" }]);
      expect(waiting).toBeLessThan(at);
      if (killed !== undefined) expect(at).toBeLessThan(killed);
    }),
    { numRuns: 1_000 },
  );
});

/** Nothing of the run is left: arming is over, and no fio is at work. An observer's ends by itself with the last tick. */
function isGone({ plan, prepared, exited, killed, tick }: RunState): boolean {
  if (plan.participants.length === 0) return prepared && (killed || tick === plan.ticks);
  return prepared && exited.size === plan.participants.length;
}

test("a run ends exactly once, with its last effect, when nothing of it is left and not before", () => {
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const { states, effects } = live(plan, chosen);
      const last = states.at(-1)!;
      const gone = isGone(last);
      expect(last.phase === "ended").toBe(gone);
      expect(indexes(effects, "end")).toEqual(gone ? [effects.length - 1] : []);
      if (gone) expect(effects.at(-1)).toEqual({ type: "end", outcome: last.outcome, reason: last.reason });
    }),
    { numRuns: 1_000 },
  );
});

test("outcome and reason are decided once; a run is finished only when all of it was measured", () => {
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const { states } = live(plan, chosen);
      const decided = states.filter(({ outcome }) => outcome !== Outcome.UNSPECIFIED);
      for (const { outcome, reason } of decided)
        expect([outcome, reason]).toEqual([decided[0]!.outcome, decided[0]!.reason]);
      const last = states.at(-1)!;
      if (last.outcome === Outcome.FINISHED)
        expect(last).toMatchObject({ started: true, tick: plan.ticks, killed: false, reason: "" });
    }),
    { numRuns: 1_000 },
  );
});

test("phases only go forward, samples come in order, and only between the opening and the end or a kill", () => {
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const { states, effects } = live(plan, chosen);
      const order = states.map(({ phase }) => PHASES.indexOf(phase));
      expect(order).toEqual(order.toSorted((left, right) => left - right));

      const samples = effects.flatMap((effect) => (effect.type === "sample" ? [effect.tick] : []));
      expect(samples).toEqual([...new Set(samples)].toSorted((left, right) => left - right));
      expect(samples.every((tick) => tick <= plan.ticks)).toBe(true);

      const [released] = indexes(effects, "note", EventKind.RELEASED);
      const stop = Math.min(...indexes(effects, "kill"), ...indexes(effects, "end"), effects.length);
      for (const at of [...indexes(effects, "sample"), ...indexes(effects, "prove-start")]) {
        expect(at).toBeGreaterThan(released ?? Infinity);
        expect(at).toBeLessThan(stop);
      }
      const proves = plan.participants.length > 0 && samples.at(-1) === plan.ticks;
      expect(indexes(effects, "prove-start")).toHaveLength(proves ? 1 : 0);
    }),
    { numRuns: 1_000 },
  );
});

test("what is said once is said once", () => {
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const { effects } = live(plan, chosen);
      expect(indexes(effects, "kill").length).toBeLessThanOrEqual(1);
      for (const kind of [EventKind.ARMED, EventKind.FIRED, EventKind.RELEASED, EventKind.ABORTED])
        expect(indexes(effects, "note", kind).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 1_000 },
  );
});

test("the lives above go everywhere", () => {
  const seen = new Set<unknown>();
  const seenByObservers = new Set<unknown>();
  fc.assert(
    fc.property(lives, ([plan, chosen]) => {
      const all = plan.participants.length === 0 ? seenByObservers : seen;
      for (const { phase, outcome } of live(plan, chosen).states) all.add(phase).add(outcome);
    }),
    { numRuns: 3_000, seed: 1 },
  );
  for (const place of [...PHASES, Outcome.FINISHED, Outcome.ABORTED, Outcome.FAILED]) {
    expect(seen).toContain(place);
    expect(seenByObservers).toContain(place);
  }
});

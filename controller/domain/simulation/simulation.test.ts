import { step as agentStep } from "@salvo/shared/agent/domain/run-machine.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import type { ConductorState } from "../conductor-state.ts";
import { step as conductorStep } from "../conductor.ts";
import { findBroken } from "./checks.ts";
import { type ConductorStep, type Mutation, simulate } from "./world.ts";

const SEEDS = Number(process.env["SALVO_SEEDS"] ?? 2_000);

/** Seeds that once found something; kept for ever. */
const CORPUS: readonly number[] = [850, 5246];

function firstBroken(
  seeds: Iterable<number>,
  mutation?: Mutation,
): { seed: number; broken: string[]; trace: readonly string[] } | undefined {
  for (const seed of seeds) {
    const world = simulate(seed, mutation);
    const broken = findBroken(world);
    if (broken.length > 0) return { seed, broken, trace: world.trace };
  }
  return undefined;
}

function* upTo(count: number): Iterable<number> {
  for (let seed = 1; seed <= count; seed++) yield seed;
}

test(`nothing breaks in ${SEEDS} worlds of crashes, cut networks and lost messages`, () => {
  const found = firstBroken([...CORPUS, ...upTo(SEEDS)]);
  expect(found, found && [`seed ${found.seed}`, ...found.broken, ...found.trace].join("\n")).toBeUndefined();
});

const startsOver: ConductorStep = (state, event) =>
  event.type === "resumed"
    ? conductorStep({ ...state, phase: "clock" }, { type: "begin", atNs: event.atNs })
    : conductorStep(state, event);

test("a controller that is killed after T0 and comes back ends the run as if nothing had been", () => {
  const good = (seed: number, mutation?: Mutation) => {
    const world = simulate(seed, mutation, "after-t0");
    return world.orphaned.length > 0 && world.state.aborted === undefined && findBroken(world).length === 0;
  };
  for (const seed of upTo(300)) expect(good(seed), `seed ${seed}`).toBe(true);
  expect([...upTo(20)].every((seed) => good(seed, { conductorStep: startsOver }))).toBe(false);
});

test("the worlds are worth something: most end well, many are aborted, some go on without an agent", () => {
  const seen = {
    complete: 0,
    aborted: 0,
    lost: 0,
    resumed: 0,
    stale: 0,
    "exchanged in time": 0,
    misled: 0,
    later: 0,
    observed: 0,
    "lost observers": 0,
    "aborted for an observer": 0,
  };
  for (const seed of upTo(1_000)) {
    const { agents, state, observerPolicies, trace, sealed } = simulate(seed);
    if (sealed > 1) seen.later++;
    if (state.aborted !== undefined) seen.aborted++;
    else if ([...state.agents.values()].some(({ lost, end }) => lost ?? end?.reason)) seen.lost++;
    else seen.complete++;
    if (state.aborted === undefined && agents.some(({ observer }) => observer)) seen.observed++;
    for (const id of observerPolicies.keys()) {
      if (state.aborted?.startsWith(`${id}: `)) seen["aborted for an observer"]++;
      if (state.aborted === undefined && state.agents.get(id)?.lost !== undefined) seen["lost observers"]++;
    }
    const told = (what: string) => trace.some((line) => line.includes(what));
    if (told("controller resumes")) seen.resumed++;
    if (state.aborted?.includes("[plan-hash]")) seen.stale++;
    if (state.aborted?.includes("exchanged after it was armed")) seen["exchanged in time"]++;
    if (told("does not take the T0 of another plan: refused")) seen.misled++;
  }
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10);
});

test("the same seed gives the same world to the letter", () => {
  for (const seed of [3, 77, 1234]) expect(simulate(seed).trace).toEqual(simulate(seed).trace);
});

type Policy = ConductorState["plan"]["agents"][number]["observer"];

/** The conductor takes the lab's word about observers for another. */
function withObservers(other: (policy: Policy) => Policy): ConductorStep {
  return (state, event) => {
    const agents = state.plan.agents.map(({ id, onLoss, observer }) => {
      const policy = observer && other(observer);
      return { id, onLoss, ...(policy && { observer: policy }) };
    });
    return conductorStep({ ...state, plan: { ...state.plan, agents } }, event);
  };
}

/** Bugs that somebody could make. The simulation must find each of them. */
const MUTANTS: Readonly<Record<string, Mutation>> = {
  "an agent takes a repeated Fire for a new one": {
    agentStep: (state, event) => {
      if (event.type === "fire" && state.phase === "committed")
        return agentStep({ ...state, phase: "armed", nonce: undefined }, event);
      return agentStep(
        event.type === "due" && state.phase === "running" ? { ...state, phase: "committed" } : state,
        event,
      );
    },
  },
  "an agent opens its gates however late it is": {
    agentStep: (state, event) => agentStep(state, event.type === "due" ? { ...event, lateMs: 0 } : event),
  },
  "the conductor reads clocks of two boots together": {
    conductorStep: (state, event) =>
      conductorStep(state, event.type === "resumed" ? { ...event, sameBoot: true } : event),
  },
  "an agent starts although nobody watches it any more": {
    agentStep: (state, event) =>
      event.type === "watchers" && event.count === 0 ? { state, effects: [] } : agentStep(state, event),
  },
  "an agent does not compare its device with the plan": { looks: "never" },
  "an agent does not look at its device again": { looks: "at-arm" },
  "an agent takes a T0 for whatever plan": {
    agentStep: (state, event) =>
      agentStep(state, event.type === "fire" ? { ...event, planHash: state.plan.hash } : event),
  },
  "an observer ends as soon as nothing of its own is at work": {
    agentStep: (state, event) => {
      const next = agentStep(state, event);
      if (event.type !== "due" || state.plan.participants.length > 0 || !next.state.started) return next;
      const end = { outcome: Outcome.FINISHED, reason: "" };
      return {
        state: { ...next.state, phase: "ended", ...end },
        effects: [...next.effects, { type: "end", ...end }],
      };
    },
  },
  "an agent never kills a fio that does not end": {
    agentStep: (state, event) => (event.type === "overdue" ? { state, effects: [] } : agentStep(state, event)),
  },
  "the conductor takes no notice of a missing acknowledgement": {
    conductorStep: (state, event) =>
      event.type === "failed" && event.what === "fire"
        ? conductorStep(state, { ...event, type: "did" })
        : conductorStep(state, event),
  },
  "the conductor ends a run that has begun for an observer": {
    conductorStep: withObservers(() => undefined),
  },
  "the conductor begins without an observer that is not to be missed": {
    conductorStep: withObservers(() => "note"),
  },
  "the conductor begins nothing without an observer that is only noted": {
    conductorStep: withObservers(() => "degrade"),
  },
  "the conductor waits for agents that refuse connections as for silent ones": {
    conductorStep: (state, event) => (event.type === "refused" ? { state, effects: [] } : conductorStep(state, event)),
  },
  "the conductor gives agents up although they are sending": {
    conductorStep: (state, event) => (event.type === "heard" ? { state, effects: [] } : conductorStep(state, event)),
  },
  "the conductor does not seal again what it has collected later": {
    conductorStep: (state, event) => {
      const decided = conductorStep(state, event);
      const again = decided.state.phase === "sealing" && decided.state.seals > 0;
      return again ? conductorStep(decided.state, { type: "sealed", atNs: event.atNs }) : decided;
    },
  },
  "the conductor goes on whatever is lost": {
    conductorStep: (state, event) =>
      conductorStep(
        {
          ...state,
          plan: { ...state.plan, agents: state.plan.agents.map((agent) => ({ ...agent, onLoss: "continue" })) },
        },
        event,
      ),
  },
};

test.for(Object.entries(MUTANTS))("the simulation finds: %s", ([, mutation]) => {
  expect(firstBroken(upTo(SEEDS), mutation)).toBeDefined();
});

import { expect, test } from "vitest";
import { FRESH } from "./agent-state.ts";
import { awaitedAgents } from "./collecting.ts";
import type { ConductorState } from "./conductor-state.ts";
import { conduct, step } from "./conductor.ts";
import type { ConductorEvent } from "./conductor-events.ts";

const S = 1_000_000_000n;
const plan = {
  lengthMs: 1_000,
  collectMaxMs: 60_000,
  agents: ["a", "b"].map((id) => ({ id, onLoss: "abort" }) as const),
};

/** Both agents have ended, and their clocks are known: collecting begins with the next event. */
function collecting(): ConductorState {
  const state = conduct(plan);
  const agents = new Map([...state.agents.keys()].map((id) => [id, { ...FRESH, armed: true }]));
  return step({ ...state, agents, t0Ns: 0n, phase: "done", seals: 0 }, { type: "again", atNs: 0n }).state;
}

type Told = readonly [
  atS: number,
  type: "heard" | "refused" | "whole" | "timer" | "collected" | "gone",
  agent?: string,
];

function told(...events: readonly Told[]): ConductorState {
  return events.reduce((state, [atS, type, agent = ""]) => {
    const atNs = BigInt(atS) * S;
    const asked = { what: "collect", agent, atNs } as const;
    const events: Record<Told[1], ConductorEvent> = {
      heard: { type: "heard", agent, atNs },
      refused: { type: "refused", agent, atNs },
      whole: { type: "whole", agent, atNs },
      timer: { type: "timer", name: "collect", atNs },
      collected: { type: "did", ...asked },
      gone: { type: "failed", ...asked, reason: "no such run", forgotten: true },
    };
    return step(state, events[type]).state;
  }, collecting());
}

const phaseOf = (...events: readonly Told[]) => told(...events).phase;

test("silent agents are given up after 20 s, one that refuses connections after 5 s, and none while another one sends", () => {
  expect(phaseOf([19, "timer"])).toBe("collecting");
  expect(phaseOf([20, "timer"])).toBe("sealing");
  expect(phaseOf([1, "collected", "a"], [1, "refused", "b"], [5, "timer"])).toBe("collecting");
  expect(phaseOf([1, "collected", "a"], [1, "refused", "b"], [6, "timer"])).toBe("sealing");
  expect(phaseOf([1, "refused", "b"], [18, "heard", "a"], [30, "timer"])).toBe("collecting");
  // The other one has refused for long enough by then.
  expect(phaseOf([1, "refused", "b"], [18, "heard", "a"], [30, "collected", "a"])).toBe("sealing");
});

test("an agent that answers again is waited for again, and none for longer than the plan allows", () => {
  expect(phaseOf([1, "collected", "a"], [1, "refused", "b"], [5, "heard", "b"], [24, "timer"])).toBe("collecting");
  const sending: Told[] = Array.from({ length: 30 }, (_, index) => [2 * index, "heard", "a"] as const);
  expect(phaseOf(...sending, [59, "timer"])).toBe("collecting");
  expect(phaseOf(...sending, [60, "timer"])).toBe("sealing");
});

test("who is given up is told with the reason, unless nothing of it is missing or it has nothing any more", () => {
  const { agents } = told([1, "refused", "a"], [1, "gone", "b"], [6, "timer"]);
  expect(agents.get("a")?.uncollected).toEqual({ why: "refused connections", forgotten: false });
  expect(agents.get("b")?.uncollected).toEqual({ why: "failed: no such run", forgotten: true });
  const whole = told([1, "whole", "a"], [1, "refused", "a"], [1, "collected", "b"], [6, "timer"]).agents.get("a");
  expect(whole).toMatchObject({ collected: true, uncollected: undefined });
});

test("agents that are waited for are named with the reason, and how long they still are", () => {
  expect(awaitedAgents(told([2, "refused", "a"], [2, "heard", "b"]), 4n * S)).toEqual([
    { agent: "a", why: "refuses", forMs: 4_000, leftMs: 3_000 },
    { agent: "b", why: "sends", forMs: 4_000, leftMs: 18_000 },
  ]);
  expect(awaitedAgents(told([1, "collected", "a"]), 10n * S)).toMatchObject([{ agent: "b", why: "silent" }]);
});

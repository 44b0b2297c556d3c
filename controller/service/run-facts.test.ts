import { expect, test } from "vitest";
import { conduct } from "../domain/conductor.ts";
import { factsOf } from "./run-facts.ts";
import type { RunBegin } from "./run-log.ts";

const BEGIN: RunBegin = {
  type: "begin",
  nonce: "n",
  bootId: "b",
  anchor: { monotonicNs: 0n, wallNs: 0n },
  natsUrl: "nats://here",
};

test("the notes tell which agents still hold what is missing, once there was a T0 at all", () => {
  const agents = ["guest1", "guest2"].map((id) => ({ id, onLoss: "abort" }) as const);
  const begun = conduct({ lengthMs: 1000, agents });
  expect(factsOf(begun, BEGIN, [], ["said"]).notes).toEqual(["said"]);
  const guest1 = begun.agents.get("guest1")!;
  const fired = { ...begun, t0Ns: 5n, agents: new Map([...begun.agents, ["guest1", { ...guest1, collected: true }]]) };
  expect(factsOf(fired, BEGIN, [], []).notes).toEqual([
    expect.stringMatching(/^guest2 could not .* in the 20 s after/),
  ]);
});

import { create } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, ArmRequestSchema } from "@salvo/proto/agent_pb.ts";
import { ObserverLoss, OnLoss } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { planOf } from "@salvo/shared/agent/domain/run-plan.ts";
import { expect, test } from "vitest";
import { conduct } from "../domain/conductor.ts";
import { armPlanOf, askedAgain, factsOf, planOf as conductorPlanOf } from "./run-facts.ts";
import type { RunBegin } from "./run-log.ts";

const BEGIN: RunBegin = {
  type: "begin",
  nonce: "n",
  bootId: "b",
  anchor: { monotonicNs: 0n, wallNs: 0n },
  natsUrl: "nats://here",
};

test("the facts tell which agents could not be asked for their records, once there was a T0 at all", () => {
  const agents = ["guest1", "guest2"].map((id) => ({ id, onLoss: "abort" }) as const);
  const begun = conduct({ lengthMs: 1000, collectMaxMs: 60_000, agents });
  expect(factsOf(begun, BEGIN, [], ["said"])).toMatchObject({ notes: ["said"], uncollected: [] });
  const armed = { ...begun.agents.get("guest1")!, armed: true };
  const known = {
    guest1: { ...armed, collected: true, released: true },
    guest4: { ...armed, collected: true },
    guest2: { ...armed, uncollected: { why: "refused connections", forgotten: false } },
    guest3: { ...armed, uncollected: { why: "failed: it has no run run-1", forgotten: true } },
  };
  const fired = { ...begun, t0Ns: 5n, agents: new Map(Object.entries(known)) };
  expect(factsOf(fired, BEGIN, [], [])).toMatchObject({
    notes: [],
    uncollected: [
      { agent: "guest2", why: "refused connections", forgotten: false },
      { agent: "guest3", why: "failed: it has no run run-1", forgotten: true },
    ],
  });
  expect(askedAgain(fired).toSorted()).toEqual(["guest2", "guest4"]);
});

test("the notes tell of a lost observer and why; one that is still there is not spoken of", () => {
  const agents = [
    { id: "target", onLoss: "abort", observer: "note" },
    { id: "esx1", onLoss: "abort", observer: "degrade" },
  ] as const;
  const begun = conduct({ lengthMs: 1000, collectMaxMs: 60_000, agents });
  const target = { ...begun.agents.get("target")!, lost: "the agent is lost: no answer" };
  const facts = factsOf({ ...begun, agents: new Map([...begun.agents, ["target", target]]) }, BEGIN, [], []);
  expect(facts).toMatchObject({
    lost: ["target"],
    notes: ["the observer target was lost: the agent is lost: no answer"],
  });
});

test("the conductor is told who observes, and what the lab says of losing it", () => {
  const spec = create(RunSpecSchema, {
    workload: {},
    agents: [
      { id: "guest1", onLoss: OnLoss.CONTINUE },
      { id: "target", observer: ObserverLoss.DEGRADE },
      { id: "esx1", observer: ObserverLoss.NOTE },
    ],
  });
  expect(conductorPlanOf(spec).agents).toEqual([
    { id: "guest1", onLoss: "continue" },
    { id: "target", onLoss: "abort", observer: "degrade" },
    { id: "esx1", onLoss: "abort", observer: "note" },
  ]);
});

test("an agent is asked to arm its own participants, as it described their devices, and counts the same hash", () => {
  const spec = create(RunSpecSchema, {
    run: "run-1",
    intervalMs: 500,
    workload: { name: "4k", jobs: 1, durationMs: 1_000 },
    participants: [
      { id: "guest1.disk1", agent: "guest1", device: "disk1" },
      { id: "guest2.disk1", agent: "guest2", device: "disk1" },
    ],
  });
  const plan = (deviceHash: string) =>
    armPlanOf(spec, create(AgentDescriptionSchema, { id: "guest1", deviceHashes: { disk1: deviceHash } }));
  const { participants, planHash } = plan("1");
  expect(participants).toEqual([{ id: "guest1.disk1", device: "disk1", deviceHash: "1" }]);
  expect(planOf(create(ArmRequestSchema, plan("1"))).hash).toBe(planHash);
  expect(plan("2").planHash).not.toBe(planHash);
});

import { create } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, ArmRequestSchema } from "@salvo/proto/agent_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { planOf } from "@salvo/shared/agent/domain/run-plan.ts";
import { expect, test } from "vitest";
import { conduct } from "../domain/conductor.ts";
import { armPlanOf, askedAgain, factsOf } from "./run-facts.ts";
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
  const begun = conduct({ lengthMs: 1000, collectMaxMs: 60_000, agents });
  expect(factsOf(begun, BEGIN, [], ["said"]).notes).toEqual(["said"]);
  const armed = { ...begun.agents.get("guest1")!, armed: true };
  const known = {
    guest1: { ...armed, collected: true, released: true },
    guest4: { ...armed, collected: true },
    guest2: { ...armed, uncollected: { why: "refused connections", forgotten: false } },
    guest3: { ...armed, uncollected: { why: "failed: it has no run run-1", forgotten: true } },
  };
  const fired = { ...begun, t0Ns: 5n, agents: new Map(Object.entries(known)) };
  const { notes, uncollected } = factsOf(fired, BEGIN, [], []);
  expect(notes).toEqual([
    "guest2 refused connections, so not all that it recorded is here: it holds the rest until salvo resume has it, or salvo discard gives it up",
    "guest3 failed: it has no run run-1, so not all that it recorded is here, and it has the run no more",
  ]);
  expect(uncollected).toEqual(["guest2", "guest3"]);
  expect(askedAgain(fired).toSorted()).toEqual(["guest2", "guest4"]);
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

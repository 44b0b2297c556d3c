import { create } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, HostSchema } from "@salvo/proto/agent_pb.ts";
import { LabAgentSchema, Role } from "@salvo/proto/lab_pb.ts";
import { expect, test } from "vitest";
import { agentFinding } from "./doctor-agent.ts";

const planned = create(LabAgentSchema, { id: "guest1", roles: [Role.WORKLOAD] });
const agent = create(AgentDescriptionSchema, {
  fio: { version: "fio-3.33" },
  devices: [{ name: "disk1" }, { name: "disk2" }],
});

test("an agent whose devices runs may write to is well", () => {
  expect(agentFinding({ planned, agent, deviceProblems: {} }, "clock known")).toEqual({
    check: "agent guest1",
    state: "ok",
    text: "fio-3.33; clock known; devices disk1, disk2",
  });
});

test("a raw disk that runs may not write to is a problem, with what to do", () => {
  const why = "device disk2: bears no label of Salvo's [label-missing]. Claim it on this host";
  expect(agentFinding({ planned, agent, deviceProblems: { disk2: why } }, "clock known")).toMatchObject({
    state: "problem",
    text: `fio-3.33; clock known; devices disk1, disk2; runs may not write to ${why}`,
  });
});

test("doctor shows what may disturb measurements on the host of each agent", () => {
  const slow = { ...agent, host: create(HostSchema, { notes: ["the power plan is slow"] }) };
  expect(agentFinding({ planned, agent: slow, deviceProblems: {} }, "clock known")).toMatchObject({
    state: "note",
    text: expect.stringContaining("; the power plan is slow"),
  });
  const target = create(LabAgentSchema, { id: "target", roles: [Role.TARGET] });
  expect(agentFinding({ planned: target, agent: slow, deviceProblems: {} }, "clock known")).toMatchObject({
    text: "it takes part in no run; clock known; the power plan is slow",
  });
});

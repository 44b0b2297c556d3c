import { create } from "@bufbuild/protobuf";
import { testAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { lookAtAgents, unreachableAgents } from "./look.ts";

const { signal } = new AbortController();
const say = () => {};

test("agents of another version are refused, all of them at once; one that is away is left to its runs", async () => {
  await using agent = await testAgent();
  const { agent: description } = await agent.client.describe({}, { deadlineMs: 10_000 });
  const version = description!.version;
  const spec = create(RunSpecSchema, {
    agents: [
      { id: "guest1", address: agent.address },
      { id: "gone", address: "127.0.0.1:1" },
    ],
  });
  await lookAtAgents([spec, spec], { say, signal, version });
  await expect(lookAtAgents([spec, spec], { say, signal, version: "99.0.0" })).rejects.toMatchObject({
    kind: "refused",
    message: `agent guest1 is version ${version}, the controller 99.0.0; deploy the same`,
  });
  expect(await unreachableAgents(spec, signal)).toEqual(["gone"]);
});

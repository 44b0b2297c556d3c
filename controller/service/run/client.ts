import type { AgentService } from "@salvo/proto/agent_pb.ts";
import type { RunAgent } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import type { OpenRun } from "./deps.ts";

export function clientOf({ agents }: OpenRun, agent: string): Client<typeof AgentService> {
  const client = agents.get(agent);
  assert(client, `a client for every agent of the run, ${agent} too`);
  return client;
}

/** As the run's spec has it. */
export function runAgentOf({ spec }: OpenRun, agent: string): RunAgent {
  const found = spec.agents.find(({ id }) => id === agent);
  assert(found, `${agent} is an agent of the run`);
  return found;
}

/** A real agent whose answers are altered on their way, as a hostile one would give them: with its own certificate. */
import { join } from "node:path";
import type { TestAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { type RpcServer, serve } from "@salvo/shared/rpc/server.ts";
import { implement, type ServiceImpl } from "@salvo/shared/rpc/service.ts";

export type Altered = Partial<ServiceImpl<typeof AgentService>>;

/** What is not altered is passed on to the agent and back. */
export async function alteringAgent(agent: TestAgent, altered: Altered): Promise<RpcServer> {
  const identity = await openIdentity(join(agent.folder, "identity"), "guest1", Date.now());
  return serve({
    address: "127.0.0.1:0",
    services: [
      implement(AgentService, { ...passedOn(agent), ...altered }),
      implement(IdentityService, identity.service),
    ],
    credentials: identity.credentials,
    authorize: identity.authorize,
    onBug: (error) => {
      throw error;
    },
  });
}

const deadlineMs = 20_000;

export function passedOn({ client }: TestAgent): ServiceImpl<typeof AgentService> {
  return {
    describe: async (request) => client.describe(request, { deadlineMs }),
    probeClock: (requests, { signal }) => client.probeClock(requests, { signal }),
    arm: async (request, { signal }) => client.arm(request, { deadlineMs, signal }),
    fire: async (request) => client.fire(request, { deadlineMs }),
    abort: async (request) => client.abort(request, { deadlineMs }),
    watch: (request, { signal }) => client.watch(request, { signal }),
    collect: (request, { signal }) => client.collect(request, { signal }),
    release: async (request) => client.release(request, { deadlineMs }),
  };
}

import type { AgentService } from "@salvo/proto/agent_pb.ts";
import type { Head } from "../audit/entry.ts";
import type { Clock } from "../kernel/time.ts";
import type { ServiceImpl } from "../rpc/service.ts";
import type { Agent } from "./agent.ts";

/** The wire side of an agent. */
export function agentService(agent: Agent, clock: Clock, auditHead: () => Head): ServiceImpl<typeof AgentService> {
  return {
    describe: (request) => agent.describe(request),
    async *probeClock(pings) {
      for await (const { sentNs } of pings) {
        const receivedNs = clock.now();
        yield { sentNs, receivedNs, answeredNs: clock.now() };
      }
    },
    arm: (request, { signal }) => agent.arm(request, signal),
    fire: async (request) => ({ status: await agent.fire(request) }),
    abort: async ({ run, reason }, { signal }) => ({ status: await agent.abort(run, reason, signal) }),
    async *watch({ run }, { signal }) {
      for await (const status of agent.watch(run, signal)) yield { status };
    },
    async *collect(request, { signal }) {
      for await (const records of agent.collect(request, signal)) yield { records };
    },
    async release({ run }) {
      await agent.release(run);
      const { seq, hash } = auditHead();
      return { auditHead: { seq: BigInt(seq), hash } };
    },
  };
}

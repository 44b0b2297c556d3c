/** Whoever listens where an agent is expected, with a certificate that the test chooses. */
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { writeIdentity } from "@salvo/shared/identity/own.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { type RpcServer, serve } from "@salvo/shared/rpc/server.ts";
import { implement, type ServiceImpl } from "@salvo/shared/rpc/service.ts";
import { join } from "node:path";

export interface Answering {
  /** When its certificate was made. */
  readonly nowMs?: number;
  readonly id?: string;
  readonly roles?: readonly string[];
  /** The lab that made it; ours, if nothing else is said. */
  readonly from?: TestLab;
}

export interface AnsweringDeps {
  /** Gets its identity, in a folder of that name. */
  readonly folder: string;
  readonly lab: TestLab;
  /** Gets the names of what was called. */
  readonly called: string[];
}

/** Answers Describe, a probe of nothing, and a Watch for as long as it is watched; everything else would be another test's. */
export async function answerAs(
  { nowMs = Date.now(), id = "guest1", roles, from }: Answering,
  { folder, lab, called }: AnsweringDeps,
): Promise<RpcServer> {
  const place = join(folder, "identity");
  const credential = await (from ?? lab).issue(id, { nowMs, ...(roles && { roles }) });
  // Whoever it is, it lets our controller in.
  await writeIdentity(place, { ...credential, ca: lab.authority.ca });
  const identity = await openIdentity(place, id, nowMs);
  const service: Pick<ServiceImpl<typeof AgentService>, "describe" | "probeClock" | "watch"> = {
    async describe() {
      called.push("describe");
      return {};
    },
    async *probeClock() {},
    async *watch(_request, { signal }) {
      for (;;) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      }
    },
  };
  // The methods that are missing are called by nobody here.
  const whole = { ...IDLE, ...service } as ServiceImpl<typeof AgentService>;
  return serve({
    address: "127.0.0.1:0",
    services: [implement(AgentService, whole), implement(IdentityService, identity.service)],
    credentials: identity.credentials,
    authorize: identity.authorize,
    onBug: (error) => {
      throw error;
    },
  });
}

const IDLE = Object.fromEntries(AgentService.methods.map(({ localName }) => [localName, () => {}]));

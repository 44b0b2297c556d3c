/** The agent beside a fake host, behind its real service on a real socket. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentService } from "@salvo/proto/agent_pb.ts";
import { HypervisorService, type HypervisorSpec, HypervisorSpecSchema } from "@salvo/proto/hypervisor_pb.ts";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { serveAgent } from "@salvo/shared/agent/serve.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient, type Client } from "@salvo/shared/rpc/client.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeEsxi, startFakeEsxi } from "./fake-esxi.fixture.ts";
import { esxiPlatform } from "./platform.ts";

export interface TestAgent extends AsyncDisposable {
  readonly host: FakeEsxi;
  readonly agent: Client<typeof AgentService>;
  readonly hypervisor: Client<typeof HypervisorService>;
  readonly initiator: Client<typeof InitiatorService>;
  /** The steps of the plan. */
  plan(spec: Spec): Promise<readonly { readonly id: string; readonly commands: readonly string[] }[]>;
  /** Plans and does it. Gives the ids of the steps. */
  apply(spec: Spec): Promise<string[]>;
  /** Ids of what Inspect shows as Salvo's own. */
  own(): Promise<string[]>;
}

export type Spec = MessageInitShape<typeof HypervisorSpecSchema>;

/** Of a whole step over SSH, on a busy machine. */
export const DEADLINE = { deadlineMs: 120_000 };

export interface TestAgentOptions {
  readonly lab?: string;
  /** Agents whose LUNs may be written to. */
  readonly lunsOf?: string[];
}

export async function startTestAgent({ lab = "", lunsOf = [] }: TestAgentOptions = {}): Promise<TestAgent> {
  const undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-esxi-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const host = undo.use(await startFakeEsxi(folder));
  const config = { ...host.config, listen: "127.0.0.1:0", lunsOf };
  const platform = esxiPlatform(config);
  const { hypervisor: provider } = platform;
  const served = undo.use(
    await serveAgent({
      config,
      // Without a certificate the agent is of no lab.
      platform: { ...platform, ...(provider && { hypervisor: (deps) => provider({ ...deps, lab }) }) },
      version: "0.0.0",
      log: createLogger({ name: "agent", level: "silent", env: {} }),
    }),
  );
  const channel = undo.use(openChannel(served.address));
  const hypervisor = createClient(HypervisorService, channel);
  const planned = async (spec: HypervisorSpec) => (await hypervisor.plan({ spec }, DEADLINE)).plan;
  return {
    host,
    agent: createClient(AgentService, channel),
    hypervisor,
    initiator: createClient(InitiatorService, channel),
    plan: async (given) => (await planned(create(HypervisorSpecSchema, given)))?.steps ?? [],
    async apply(given) {
      const spec = create(HypervisorSpecSchema, given);
      const plan = await planned(spec);
      for await (const _ of hypervisor.apply({ spec, planHash: plan?.hash ?? "" }, DEADLINE));
      return plan?.steps.map(({ id }) => id) ?? [];
    },
    async own() {
      const { items } = await hypervisor.inspect({}, DEADLINE);
      return items.filter(({ owner }) => owner === 1).map(({ id }) => id);
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
}

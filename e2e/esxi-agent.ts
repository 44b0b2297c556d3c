/** The agent of an ESXi host as a process of its own, beside the stand-in of a host, in a lab with certificates. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { openChannels } from "@salvo/controller/service/channels.ts";
import type { AgentService } from "@salvo/proto/agent_pb.ts";
import { HypervisorService, type HypervisorSpecSchema } from "@salvo/proto/hypervisor_pb.ts";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { InitiatorSpecSchema, Multipath, Owner, Transport } from "@salvo/proto/storage_pb.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import { type EsxiHost, startEsxiHost, type StartOptions } from "@salvo/testbed/esxi-host/start.ts";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProgram } from "./process.ts";

export type Spec = MessageInitShape<typeof HypervisorSpecSchema>;
export type Attachments = NonNullable<MessageInitShape<typeof InitiatorSpecSchema>["attachments"]>;

export interface EsxiLab extends AsyncDisposable {
  readonly host: EsxiHost;
  readonly agent: Client<typeof AgentService>;
  readonly hypervisor: Client<typeof HypervisorService>;
  readonly initiator: Client<typeof InitiatorService>;
  /** The steps of the plan. */
  plan(spec: Spec): Promise<readonly { readonly id: string; readonly commands: readonly string[] }[]>;
  /** Plans and does it. Gives the ids of the steps. */
  apply(spec: Spec): Promise<string[]>;
  planAttach(attachments: Attachments): Promise<string[]>;
  attach(attachments: Attachments): Promise<string[]>;
  /** Puts a file where the agent looks for drivers. Gives its SHA-256. */
  addBundle(name: string, content: string): Promise<string>;
  /** Ids of what Inspect shows as Salvo's own. */
  own(): Promise<string[]>;
}

/** A plan or a step takes many commands, and each of them starts a program of the stand-in. */
export const DEADLINE = { deadlineMs: 120_000 };
export const TIMEOUT_MS = 240_000;

const ROLES = ["initiator", "hypervisor"];
const PROGRAM = fileURLToPath(import.meta.resolve("@salvo/agent-esxi/main.ts"));

export interface EsxiLabOptions extends StartOptions {
  /** Agents whose LUNs may be written to. */
  readonly lunsOf?: readonly string[];
}

export async function startEsxiLab({ lunsOf = [], ...options }: EsxiLabOptions = {}): Promise<EsxiLab> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-e2e-esxi-"));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const host = undo.use(await startEsxiHost(options));
  const identities = await testLab(folder);
  const channels = undo.use(openChannels(identities));
  const home = join(folder, "esx1");
  const config = join(home, "agent.yaml");
  await mkdir(home);
  await identities.enrol("esx1", { folder: join(home, "identity"), roles: ROLES });
  const { port, hostKey, keyFile } = host;
  const esxi = { host: "127.0.0.1", port, hostKey, keyFile };
  await writeFile(config, JSON.stringify({ id: "esx1", dataDir: join(home, "data"), lunsOf, esxi }));

  const listen = ["--listen", "127.0.0.1:0"];
  const program = undo.use(startProgram([process.execPath, PROGRAM, "--config", config, ...listen], { cwd: home }));
  const { address }: { address: string } = JSON.parse(await program.printed(/^\{.*\}\n/));
  const expected = { id: "esx1", address, roles: ROLES };
  const hypervisor = channels.clientOf(HypervisorService, expected);
  const initiator = channels.clientOf(InitiatorService, expected);
  const planOf = async (spec: Spec) => (await hypervisor.plan({ spec }, DEADLINE)).plan;
  const planAttachments = async (attachments: Attachments) => {
    const spec = create(InitiatorSpecSchema, { attachments });
    return { spec, plan: (await initiator.plan({ spec }, DEADLINE)).plan };
  };
  const open = undo.move();
  return {
    host,
    agent: channels.client(expected),
    hypervisor,
    initiator,
    plan: async (spec) => (await planOf(spec))?.steps ?? [],
    async apply(spec) {
      const plan = await planOf(spec);
      for await (const _ of hypervisor.apply({ spec, planHash: plan?.hash ?? "" }, DEADLINE));
      return plan?.steps.map(({ id }) => id) ?? [];
    },
    planAttach: async (attachments) => (await planAttachments(attachments)).plan?.steps.map(({ id }) => id) ?? [],
    async attach(attachments) {
      const { spec, plan } = await planAttachments(attachments);
      for await (const _ of initiator.apply({ spec, planHash: plan?.hash ?? "" }, DEADLINE));
      return plan?.steps.map(({ id }) => id) ?? [];
    },
    async addBundle(name, content) {
      await mkdir(join(home, "data/bundles"), { recursive: true });
      await writeFile(join(home, "data/bundles", name), content);
      return createHash("sha256").update(content).digest("hex");
    },
    async own() {
      const { items } = await hypervisor.inspect({}, DEADLINE);
      return items.filter(({ owner }) => owner === Owner.SALVO).map(({ id }) => id);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

export const IQN = "iqn.2026-11.test.salvo:bench.san1.ram";
export const LUNS = ["naa.600140500000000000000000000000a1", "naa.600140500000000000000000000000a2"] as const;
const MIB = 1024 * 1024;
export const LUN_MIB = 1024;

/** A target of this lab with two LUNs, which another host of the network has. */
export function labTarget({ iqn = IQN, luns = LUNS }: { iqn?: string; luns?: readonly string[] } = {}) {
  const whole = (id: string, lun: number) => {
    const made = { vendor: "LIO-ORG", model: "salvo", revision: "4.0", sizeBytes: LUN_MIB * MIB };
    return { lun, id, ...made };
  };
  return { iqn, portals: ["10.1.0.1:3260"], iser: true, tpgt: 1, luns: luns.map(whole) };
}

export const NEIGHBOUR = { address: "10.1.0.1", mtu: 9000, vlan: 0 };

const vmkernel = { name: "vmk1", address: "10.1.0.2", netmask: "255.255.255.0", mtu: 9000 };

/** A switch for iSER, and the port that sessions begin at. */
export const SWITCH = {
  name: "vSwitch1",
  mtu: 9000,
  uplinks: ["vmnic2"],
  portGroups: [{ name: "iSER", vmkernel }],
};

export const ISER = { switches: [SWITCH], iser: [{ device: "vmrdma0", vmkernel: "vmk1" }] } satisfies Spec;

/** One session to both LUNs, over iSER. */
export function attachment(more: object = {}): Attachments {
  return [
    {
      target: IQN,
      transport: Transport.ISER,
      portals: [{ address: "10.1.0.1", port: 3260 }],
      sessions: 1,
      multipath: Multipath.ROUND_ROBIN,
      luns: LUNS.map((wwn, number) => ({ number, wwn, sizeBytes: BigInt(LUN_MIB * MIB) })),
      ...more,
    },
  ];
}

/** Agents over real gRPC whose targets and initiators are nothing but memory: what is exported and attached there, and what fails. */
import { create } from "@bufbuild/protobuf";
import { linuxPlatform } from "@salvo/agent-guest/platform.ts";
import { HostSchema } from "@salvo/proto/agent_pb.ts";
import { AgentConfigSchema, type LabAgent, LabAgentSchema, Role } from "@salvo/proto/lab_pb.ts";
import { type InitiatorSpec, type TargetSpec, TargetSpecSchema, InitiatorSpecSchema } from "@salvo/proto/storage_pb.ts";
import { lunNames } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import type { InitiatorProvider, TargetProvider } from "@salvo/shared/agent/provision/provider.ts";
import { serveAgent } from "@salvo/shared/agent/serve.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { join } from "node:path";

export interface MemoryHost extends AsyncDisposable {
  readonly agent: LabAgent;
  /** What is there: names of exports, and of targets that it is attached to. */
  readonly there: Map<string, string>;
  /** Called before something is made; what it throws is the host's answer. */
  onMake: (name: string) => Promise<void>;
  /** Called after every look at what is there. */
  onLook: () => void;
}

type Op =
  | { readonly type: "remove"; readonly path: string }
  | { readonly type: "write"; readonly path: string; readonly value: string };

const ROLES = { target: [Role.TARGET], initiator: [Role.WORKLOAD, Role.INITIATOR] };

export async function memoryHost(
  id: string,
  kind: keyof typeof ROLES,
  lab: TestLab,
  { initiator = `iqn.2026-11.test:${id}` }: { readonly initiator?: string } = {},
): Promise<MemoryHost> {
  const folder = join(lab.folder, "..", id);
  const config = create(AgentConfigSchema, {
    id,
    listen: "127.0.0.1:0",
    dataDir: join(folder, "data"),
    identityDir: join(folder, "identity"),
    fio: "fio",
  });
  const roles = kind === "target" ? ["target"] : ["workload", "initiator"];
  await lab.enrol(id, { folder: config.identityDir, roles });
  const there = new Map<string, string>();
  const host = { onMake: async (_name: string): Promise<void> => {}, onLook: (): void => {} };
  async function perform(op: Op): Promise<void> {
    if (op.type === "remove") return void there.delete(op.path);
    await host.onMake(op.path);
    there.set(op.path, op.value);
  }
  const describe = ({ type, path }: Op) => `${type} ${path}`;
  const found = () => {
    setImmediate(host.onLook);
    return [...there].map(([name, value]) => ({ ...piece(name, value), make: [] }));
  };
  const target: TargetProvider<Op> = {
    look: async () => ({
      found: found(),
      shown: {
        luns: [...there.values()].flatMap((value) =>
          exportedLuns(id, lab.lab, fromJsonString(TargetSpecSchema, value)),
        ),
      },
      wanted: ({ volumes, exports }: TargetSpec) =>
        exports.map((each) =>
          piece(each.name, toJsonString(TargetSpecSchema, create(TargetSpecSchema, { volumes, exports: [each] }))),
        ),
    }),
    describe,
    perform,
  };
  const initiatorProvider: InitiatorProvider<Op> = {
    look: async () => ({
      found: found(),
      shown: {
        initiator,
        hostNqn: "",
        luns: [...there.values()].flatMap((value) => attachedLuns(fromJsonString(InitiatorSpecSchema, value))),
      },
      wanted: ({ attachments }: InitiatorSpec) =>
        attachments.map((each) =>
          piece(each.target, toJsonString(InitiatorSpecSchema, create(InitiatorSpecSchema, { attachments: [each] }))),
        ),
    }),
    describe,
    perform,
  };
  const served = await serveAgent({
    config,
    platform: {
      ...linuxPlatform(),
      describeHost: async () => create(HostSchema, { name: id }),
      target: () => target,
      initiator: () => initiatorProvider,
      path: {
        links: async () => [],
        ping: async (_, bytes, count) => ({ sent: count, received: count, rttMinMs: bytes / 1e6, problem: "" }),
        async *serve() {
          yield { problem: "there is no RDMA", port: 0 };
        },
        measure: async () => ({ problem: "there is no RDMA", mibPerSec: 0 }),
      },
    },
    roles: ROLES[kind],
    identity: await openIdentity(config.identityDir, id, Date.now()),
    version: "0.0.0",
    log: createLogger({ name: "agent", level: "fatal", env: {} }),
  });
  const address = kind === "target" ? "10.0.0.10" : "10.0.0.11";
  const agent = create(LabAgentSchema, {
    id,
    address: served.address,
    roles: ROLES[kind],
    storageAddresses: [address],
  });
  return Object.assign(host, { agent, there, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() });
}

function piece(name: string, value: string): Piece<Op> {
  return {
    id: `thing ${name}`,
    kind: "thing",
    text: name,
    needs: [],
    facts: { value },
    settings: {},
    make: [{ type: "write", path: name, value }],
    remove: [{ type: "remove", path: name }],
  };
}

function exportedLuns(agent: string, lab: string, { volumes, exports }: TargetSpec) {
  return exports.flatMap(({ name, transport, luns }) =>
    luns.map(({ number, volume }) => ({
      export: name,
      number,
      volume,
      sizeBytes: volumes.find((each) => each.name === volume)?.sizeBytes ?? 0n,
      ...lunNames({ lab, agent }, transport, { exported: name, number, volume }),
    })),
  );
}

function attachedLuns({ attachments }: InitiatorSpec) {
  return attachments.flatMap(({ target, transport, luns }) =>
    luns.map(({ number, wwn, serial, sizeBytes }) => ({
      target,
      transport,
      number,
      wwn,
      serial,
      sizeBytes,
      state: "LOGGED_IN",
    })),
  );
}

/** Agents over real gRPC whose targets and initiators are nothing but memory: what is exported and attached there, and what fails. */
import { create, fromJsonString, type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import { linuxPlatform } from "@salvo/agent-guest/platform.ts";
import { HostSchema } from "@salvo/proto/agent_pb.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { type LabAgent, LabAgentSchema, Role } from "@salvo/proto/lab_pb.ts";
import {
  type ExpectedLun,
  type InitiatorSpec,
  type TargetSpec,
  TargetSpecSchema,
  InitiatorSpecSchema,
} from "@salvo/proto/storage_pb.ts";
import type { GivenDisk, GivenDiskSchema } from "@salvo/proto/initiator_pb.ts";
import type { ExportedLunSchema } from "@salvo/proto/target_pb.ts";
import type { Found, Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import type { InitiatorProvider, TargetProvider } from "@salvo/shared/agent/provision/provider.ts";
import { serveAgent } from "@salvo/shared/agent/serve.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
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

export interface MemoryHostOptions {
  readonly initiator?: string;
  readonly network?: ToyNetwork;
  /** Of a guest: its raw disks, and whose it may take. */
  readonly disks?: Disks;
  readonly lunsOf?: readonly string[];
  /** Of a hypervisor: gives the LUN to its guest, and tells by what that recognizes it; undefined: does not tell. */
  readonly give?: (guest: string, lun: ExpectedLun) => Pick<GivenDisk, "serial" | "wwn" | "sizeBytes"> | undefined;
  readonly takeBack?: () => void;
}

/**
 * What the hosts share. Its targets choose by what their LUNs are known when they make them, and another time they choose otherwise:
 * nobody can count on it.
 */
export interface ToyNetwork {
  /** Of all hosts, in order: "guest1 makes iqn...". */
  readonly log: string[];
  /** Names of targets, by who is logged in to them. */
  readonly sessions: Map<string, string>;
  /** Exports that were removed under a session. */
  readonly lost: string[];
  made(name: string): void;
  removed(name: string): void;
  isThere(target: string): boolean;
  tell(spec: TargetSpec): MessageInitShape<typeof ExportedLunSchema>[];
}

export function toyNetwork(): ToyNetwork {
  /** How many exports of the name were made; 0 while it is gone. */
  const counts = new Map<string, number>();
  const gone = new Set<string>();
  const nameOf = (name: string) => `iqn.2026-11.test.toy:${name}.${counts.get(name) ?? 0}`;
  const sessions = new Map<string, string>();
  const lost: string[] = [];
  return {
    log: [],
    sessions,
    lost,
    made(name) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      gone.delete(name);
    },
    removed(name) {
      if ([...sessions.values()].includes(nameOf(name))) lost.push(name);
      gone.add(name);
    },
    isThere: (target) => [...counts.keys()].some((name) => !gone.has(name) && nameOf(name) === target),
    tell: ({ volumes, exports }) =>
      exports.flatMap(({ name, transport, luns }) =>
        luns.map(({ number, volume }) => ({
          export: name,
          target: nameOf(name),
          transport,
          number,
          volume,
          serial: `${volume}.${counts.get(name)}`,
          wwn: `eui.0000toy-${volume}-${counts.get(name)}`,
          sizeBytes: volumes.find((each) => each.name === volume)?.sizeBytes ?? 0n,
        })),
      ),
  };
}

const ROLES = {
  target: [Role.TARGET],
  initiator: [Role.WORKLOAD, Role.INITIATOR],
  hypervisor: [Role.INITIATOR, Role.HYPERVISOR],
  guest: [Role.WORKLOAD],
};

export async function memoryHost(
  id: string,
  kind: keyof typeof ROLES,
  lab: TestLab,
  {
    initiator = `iqn.2026-11.test:${id}`,
    network = toyNetwork(),
    disks,
    lunsOf = [],
    give,
    takeBack,
  }: MemoryHostOptions = {},
): Promise<MemoryHost> {
  const folder = join(lab.folder, "..", id);
  const config = create(AgentConfigSchema, {
    id,
    listen: "127.0.0.1:0",
    dataDir: join(folder, "data"),
    identityDir: join(folder, "identity"),
    fio: "fio",
    lunsOf: [...lunsOf],
  });
  const roles = ROLES[kind].map(roleName);
  await lab.enrol(id, { folder: config.identityDir, roles });
  const there = new Map<string, string>();
  const isInitiator = ROLES[kind].some((role) => role === Role.INITIATOR);
  const given = new Map<string, MessageInitShape<typeof GivenDiskSchema>[]>();
  const host = { onMake: async (_name: string): Promise<void> => {}, onLook: (): void => {} };
  async function perform(op: Op): Promise<void> {
    if (op.type === "write") {
      await host.onMake(op.path);
      if (isInitiator && !network.isThere(op.path)) throw new Error(`there is no target ${op.path}`);
      there.set(op.path, op.value);
      if (kind === "target") network.made(op.path);
      else network.sessions.set(`${id} ${op.path}`, op.path);
      given.set(op.path, givenBy(op.value));
    } else {
      there.delete(op.path);
      given.delete(op.path);
      takeBack?.();
      if (kind === "target") network.removed(op.path);
      else network.sessions.delete(`${id} ${op.path}`);
    }
    network.log.push(`${id} ${op.type === "write" ? "makes" : "removes"} ${op.path}`);
  }
  /** What the guests of a new attachment get. */
  function givenBy(value: string): MessageInitShape<typeof GivenDiskSchema>[] {
    if (!give) return [];
    return fromJsonString(InitiatorSpecSchema, value).attachments.flatMap(({ target: of, luns }) =>
      luns.flatMap((lun) =>
        lun.guests.flatMap(({ agent: guest }) => {
          const keys = give(guest, lun);
          return keys ? [{ guest, target: of, number: lun.number, ...keys }] : [];
        }),
      ),
    );
  }
  const describe = ({ type, path }: Op) => `${type} ${path}`;
  const found = () => {
    setImmediate(host.onLook);
    return [...there].map(([name, value]) => ({ ...piece(name, value), make: [] }));
  };
  const deps = { network, describe, perform, found };
  const target = toyTarget(deps);
  const initiatorProvider = toyInitiator(initiator, given, deps);
  const served = await serveAgent({
    config,
    platform: {
      ...linuxPlatform(),
      ...(disks && { disks }),
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

interface ToyDeps {
  readonly network: ToyNetwork;
  readonly describe: (op: Op) => string;
  readonly perform: (op: Op) => Promise<void>;
  readonly found: () => Found<Op>[];
}

function toyTarget({ network, describe, perform, found }: ToyDeps): TargetProvider<Op> {
  return {
    look: async () => ({
      found: found(),
      show: (pieces) => ({
        luns: pieces.flatMap(({ facts: { value = "" } }) => network.tell(fromJsonString(TargetSpecSchema, value))),
      }),
      wanted: ({ volumes, exports }: TargetSpec) =>
        exports.map((each) => {
          const own = volumes.filter(({ name }) => each.luns.some(({ volume }) => volume === name));
          const value = create(TargetSpecSchema, { volumes: own, exports: [each] });
          return piece(each.name, toJsonString(TargetSpecSchema, value));
        }),
    }),
    describe,
    perform,
  };
}

function toyInitiator(
  initiator: string,
  given: ReadonlyMap<string, MessageInitShape<typeof GivenDiskSchema>[]>,
  { describe, perform, found }: ToyDeps,
): InitiatorProvider<Op> {
  return {
    look: async () => ({
      found: found(),
      show: (pieces) => ({
        initiator,
        hostNqn: "",
        luns: pieces.flatMap(({ facts: { value = "" } }) => attachedLuns(fromJsonString(InitiatorSpecSchema, value))),
        given: [...given.values()].flat(),
      }),
      wanted: ({ attachments }: InitiatorSpec) =>
        attachments.map((each) =>
          piece(each.target, toJsonString(InitiatorSpecSchema, create(InitiatorSpecSchema, { attachments: [each] }))),
        ),
    }),
    describe,
    perform,
  };
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

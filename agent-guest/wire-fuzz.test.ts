/** What a real agent does with bytes that are no message, over mutual TLS, from somebody who has the controller's key. */
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AbortRequestSchema,
  ArmRequestSchema,
  CollectRequestSchema,
  FireRequestSchema,
  ProbeClockRequestSchema,
  ReleaseRequestSchema,
  WatchRequestSchema,
} from "@salvo/proto/agent_pb.ts";
import { DiskService, DiskServiceApplyRequestSchema, DiskServicePlanRequestSchema } from "@salvo/proto/disk_pb.ts";
import { InstallCertificateRequestSchema } from "@salvo/proto/enrolment_pb.ts";
import {
  HypervisorService,
  HypervisorServiceApplyRequestSchema,
  HypervisorServicePlanRequestSchema,
} from "@salvo/proto/hypervisor_pb.ts";
import {
  InitiatorService,
  InitiatorServiceApplyRequestSchema,
  InitiatorServicePlanRequestSchema,
} from "@salvo/proto/initiator_pb.ts";
import {
  ChannelTest,
  PathServiceInspectRequestSchema,
  PathServiceMeasureRequestSchema,
  PathServicePingRequestSchema,
  PathServiceServeRequestSchema,
} from "@salvo/proto/path_pb.ts";
import { Multipath, type Plan, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import {
  TargetService,
  TargetServiceApplyRequestSchema,
  TargetServicePlanRequestSchema,
} from "@salvo/proto/target_pb.ts";
import type { Platform } from "@salvo/shared/agent/platform.ts";
import { ACCESS } from "@salvo/shared/identity/access.ts";
import type { Credential } from "@salvo/shared/identity/pem.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { type Credentials, mutualTls } from "@salvo/shared/rpc/credentials.ts";
import { type RawCaller, rawCaller } from "@salvo/shared/rpc/raw-call.fixture.ts";
import { damaged, fuzzRuns } from "@salvo/shared/testing/fuzz.fixture.ts";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestAgent, testAgent, WORKLOAD } from "./agent.fixture.ts";
import { lookAtInitiator } from "./initiator/provider.ts";
import { lookAtTarget } from "./target/provider.ts";
import { simulateKernel } from "./target/simulated-kernel.fixture.ts";

const undo = new AsyncDisposableStack();
let agent: TestAgent;
let caller: RawCaller;
let own: Credential;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-fuzz-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const lab = await testLab(folder);
  agent = undo.use(await testAgent({ lab, storage: STORAGE }));
  own = { ...lab.controller, ca: lab.authority.ca };
  caller = undo.use(rawCaller(agent.address, own));
  await planApplies(mutualTls({ ca: own.ca, own: lab.controller }, { checkServer: () => undefined }));
});
afterAll(() => undo.disposeAsync());

const run = "r1";
const hash = "0".repeat(64);
const arm = {
  run,
  participants: [{ id: "p1", device: "disk1", deviceHash: hash }],
  workload: WORKLOAD,
  intervalMs: 500,
  bus: { url: "nats://127.0.0.1:1", lab: "bench" },
  planHash: hash,
};
const pem = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIQ\n-----END CERTIFICATE-----\n";

/** Plans as ever, for a host that there is not, and does nothing. */
const TARGET_MODULES =
  "configfs target_core_mod target_core_file iscsi_target_mod ib_isert tcm_loop null_blk nvmet nvmet-tcp nvmet-rdma";
const INITIATOR_MODULES =
  "sd_mod iscsi_tcp ib_iser nvme-tcp nvme-rdma dm-multipath dm-service-time dm-round-robin dm-queue-length";
const kernel = simulateKernel(`${TARGET_MODULES} ${INITIATOR_MODULES}`);
kernel.nodes.set("/etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.1993-08.org.debian:01:f00\n");
const TARGET_NAME = "iqn.2026-11.test.salvo:bench.target.x1";
const secrets = { read: (name: string) => `the secret ${name}`, fingerprint: (secret: string) => secret };
const STORAGE: Required<Pick<Platform, "target" | "initiator" | "hypervisor" | "path">> = {
  target: ({ config, lab }) => ({
    look: async () =>
      lookAtTarget({ host: kernel, maker: { lab, agent: config.id }, config, folder: "/data/volumes" }, secrets),
    describe: ({ type }: { readonly type: string }) => type,
    perform: async () => {},
  }),
  initiator: ({ config }) => ({
    look: async (spec) =>
      lookAtInitiator({ host: kernel, config, targets: [TARGET_NAME], secrets, disks: [], taken: [] }, spec),
    describe: ({ type }: { readonly type: string }) => type,
    perform: async () => {},
  }),
  // A host without anything: what an agent of ESXi makes of a spec is for its own tests.
  hypervisor: () => ({
    look: async () => ({ found: [], show: () => ({}), wanted: () => [] }),
    describe: ({ type }: { readonly type: string }) => type,
    perform: async () => {},
  }),
  path: {
    links: async (addresses) => addresses.map((address) => ({ address })),
    ping: async (_address, _packetBytes, count) => ({ sent: count, received: count }),
    async *serve() {
      yield { problem: "", port: 1 };
    },
    measure: async () => ({ problem: "", mibPerSec: 1 }),
  },
};
const hypervisor = {
  switches: [{ name: "storage", uplinks: ["vmnic1"], mtu: 9000, portGroups: [{ name: "iser1", vlan: 10 }] }],
};
const portals = [{ address: "127.0.0.1", port: 3260 }];
const chap = { user: "user", secret: "secret" };
const target = {
  volumes: [
    { name: "v1", kind: VolumeKind.RAM, sizeBytes: 1_048_576n, sectorBytes: 512 },
    { name: "v2", kind: VolumeKind.FILE, sizeBytes: 1_048_576n, sectorBytes: 4096, thin: true },
  ],
  exports: [
    { name: "x1", transport: Transport.ISCSI, portals, luns: [{ number: 0, volume: "v1" }] },
    { name: "x2", transport: Transport.LOCAL, luns: [{ number: 1, volume: "v2" }] },
  ],
};
const attachments = [
  {
    target: TARGET_NAME,
    transport: Transport.ISCSI,
    multipath: Multipath.NONE,
    sessions: 2,
    portals,
    chap,
    luns: [{ number: 0, wwn: "naa.6001405a1b2c3d4e", serial: "s", sizeBytes: 1_048_576n, device: "lun1" }],
  },
];
const address = "127.0.0.1";

function bytesOf<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, message));
}

/** A valid request of every method, where it has one with anything in it. */
const VALID: Record<string, Uint8Array> = {
  "salvo.v1.AgentService/Describe": new Uint8Array(),
  "salvo.v1.AgentService/ProbeClock": bytesOf(ProbeClockRequestSchema, { sentNs: 1n }),
  "salvo.v1.AgentService/Arm": bytesOf(ArmRequestSchema, arm),
  "salvo.v1.AgentService/Fire": bytesOf(FireRequestSchema, { run, nonce: "n".repeat(20), t0Ns: 1n, planHash: hash }),
  "salvo.v1.AgentService/Abort": bytesOf(AbortRequestSchema, { run, reason: "why" }),
  "salvo.v1.AgentService/Watch": bytesOf(WatchRequestSchema, { run }),
  "salvo.v1.AgentService/Collect": bytesOf(CollectRequestSchema, { run, ranges: [{ first: 1, last: 4_294_967_295 }] }),
  "salvo.v1.AgentService/Release": bytesOf(ReleaseRequestSchema, { run }),
  "salvo.v1.IdentityService/RequestCertificate": new Uint8Array(),
  "salvo.v1.IdentityService/InstallCertificate": bytesOf(InstallCertificateRequestSchema, { certificate: pem }),
  "salvo.v1.TargetService/Inspect": new Uint8Array(),
  "salvo.v1.TargetService/Plan": bytesOf(TargetServicePlanRequestSchema, { spec: target }),
  "salvo.v1.InitiatorService/Inspect": new Uint8Array(),
  "salvo.v1.InitiatorService/Plan": bytesOf(InitiatorServicePlanRequestSchema, { spec: { attachments } }),
  "salvo.v1.HypervisorService/Inspect": new Uint8Array(),
  "salvo.v1.HypervisorService/Plan": bytesOf(HypervisorServicePlanRequestSchema, { spec: hypervisor }),
  "salvo.v1.DiskService/Inspect": new Uint8Array(),
  "salvo.v1.DiskService/Plan": bytesOf(DiskServicePlanRequestSchema, { spec: {} }),
  "salvo.v1.PathService/Inspect": bytesOf(PathServiceInspectRequestSchema, { addresses: [address, "fe80::1"] }),
  "salvo.v1.PathService/Ping": bytesOf(PathServicePingRequestSchema, { address, packetBytes: 1500, count: 3 }),
  "salvo.v1.PathService/Serve": bytesOf(PathServiceServeRequestSchema, { test: ChannelTest.RPING, address }),
  "salvo.v1.PathService/Measure": bytesOf(PathServiceMeasureRequestSchema, {
    test: ChannelTest.WRITE_BANDWIDTH,
    from: address,
    address,
    port: 18_515,
  }),
};

/** Only what was planned is applied. */
async function planApplies(credentials: Credentials): Promise<void> {
  using channel = openChannel(agent.address, { credentials });
  const wait = { deadlineMs: WAIT_MS };
  const hashOf = ({ plan }: { plan?: Plan | undefined }) => {
    expect(plan?.steps.length).toBeGreaterThan(2);
    return plan?.hash ?? "";
  };
  const exported = await createClient(TargetService, channel).plan({ spec: target }, wait);
  const attached = await createClient(InitiatorService, channel).plan({ spec: { attachments } }, wait);
  // Its own file names no attacher.
  const nothing = await createClient(DiskService, channel).plan({ spec: {} }, wait);
  VALID["salvo.v1.DiskService/Apply"] = bytesOf(DiskServiceApplyRequestSchema, {
    spec: {},
    planHash: nothing.plan?.hash ?? "",
  });
  const below = await createClient(HypervisorService, channel).plan({ spec: hypervisor }, wait);
  VALID["salvo.v1.HypervisorService/Apply"] = bytesOf(HypervisorServiceApplyRequestSchema, {
    spec: hypervisor,
    planHash: below.plan?.hash ?? "",
  });
  VALID["salvo.v1.TargetService/Apply"] = bytesOf(TargetServiceApplyRequestSchema, {
    spec: target,
    planHash: hashOf(exported),
  });
  VALID["salvo.v1.InitiatorService/Apply"] = bytesOf(InitiatorServiceApplyRequestSchema, {
    spec: { attachments },
    planHash: hashOf(attached),
  });
}

/** All that is served by an agent; EnrolmentService: controller/service/enrolment.fuzz.test.ts. */
const METHODS = Object.entries(ACCESS).flatMap(([method, who]) => (who === "controller" ? [method] : []));

/** Answers, and refusals that tell why; no INTERNAL, UNKNOWN or DEADLINE_EXCEEDED, which would be a bug or a hang. */
const FINE = ["OK", "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"];
const WAIT_MS = 10_000;

async function stillWell(): Promise<void> {
  const { agent: described } = await agent.client.describe({}, { deadlineMs: WAIT_MS });
  expect(described?.id).toBe("guest1");
  expect(agent.logged).toEqual([]);
  expect(agent.programs()).toEqual([]);
}

test.for(METHODS)("%s: damaged and random messages are answered or refused", async (method) => {
  const valid = VALID[method];
  expect(valid, "every method has its request here").toBeDefined();
  const answer = await caller.call(`/${method}`, [valid ?? new Uint8Array()], WAIT_MS);
  // What goes before it, a run or a renewal, is not there.
  if (/Agent|Identity/.test(method)) expect(FINE).toContain(answer);
  else expect(answer, "what is damaged is what would have been done").toBe("OK");
  const bytes = fc.oneof(damaged(fc.constant(valid ?? new Uint8Array())), fc.uint8Array({ maxLength: 300 }));
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 3 }), async (messages) => {
      expect(FINE).toContain(await caller.call(`/${method}`, messages, WAIT_MS));
    }),
    { numRuns: fuzzRuns(60) },
  );
  await stillWell();
});

test("messages of megabytes, made of the smallest parts, are refused and their memory is given back", async () => {
  const MIB = 1024 * 1024;
  const many = Buffer.alloc(4 * MIB, Buffer.from([0x12, 0x00])); // two million empty participants
  const text = Buffer.concat([Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x03]), Buffer.alloc(8 * MIB - 1, "a")]);
  const deep = Buffer.alloc(MIB, 0x1b); // groups in groups
  const before = process.memoryUsage().rss;
  for (const bytes of [many, text, deep, many])
    expect(["INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"]).toContain(
      await caller.call("/salvo.v1.AgentService/Arm", [bytes], WAIT_MS),
    );
  await stillWell();
  expect(process.memoryUsage().rss - before).toBeLessThan(1024 * MIB);
});

test("methods that there are not, and none at all, are refused", async () => {
  for (const path of ["/salvo.v1.AgentService/Format", "/salvo.v1.EnrolmentService/Join", "/", "/a/b/c", "/grpc.x/y"])
    expect(["UNIMPLEMENTED", "PERMISSION_DENIED"], path).toContain(
      await caller.call(path, [new Uint8Array()], WAIT_MS),
    );
  await stillWell();
});

/** Resolves when the other side has ended or dropped the connection, or has nothing more to say about the bytes. */
async function throwAt(secure: boolean, bytes: Uint8Array): Promise<void> {
  const [host = "", port = ""] = agent.address.split(":");
  const at = { host, port: Number(port) };
  const tls = { ...at, ca: own.ca, cert: own.certificate, key: own.key, ALPNProtocols: ["h2"] };
  const socket = secure ? connectTls({ ...tls, checkServerIdentity: () => undefined }) : connect(at);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}); // a reset is an answer
  socket.resume();
  await Promise.race([once(socket, secure ? "secureConnect" : "connect"), closed]);
  socket.end(bytes);
  await closed;
}

test("what is no TLS, and no HTTP/2 within it, ends its own connection and nothing else", async () => {
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), damaged(fc.constant(preface)));
  await fc.assert(
    fc.asyncProperty(fc.boolean(), bytes, (secure, bytes) => throwAt(secure, bytes)),
    { numRuns: fuzzRuns(40) },
  );
  await stillWell();
});

/** What a real agent does with bytes that are no message, over mutual TLS, from somebody who has the controller's key. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AbortRequestSchema,
  AgentService,
  ArmRequestSchema,
  CollectRequestSchema,
  FireRequestSchema,
  ProbeClockRequestSchema,
  ReleaseRequestSchema,
  WatchRequestSchema,
} from "@salvo/proto/agent_pb.ts";
import { IdentityService, InstallCertificateRequestSchema } from "@salvo/proto/enrolment_pb.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.ts";
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

const undo = new AsyncDisposableStack();
let agent: TestAgent;
let caller: RawCaller;
let own: Parameters<typeof rawCaller>[1];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-fuzz-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const lab = await testLab(folder);
  agent = undo.use(await testAgent({ lab }));
  own = { ...lab.controller, ca: lab.authority.ca };
  caller = undo.use(rawCaller(agent.address, own));
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

/** A valid request of every method, where it has one with anything in it. */
const VALID: Readonly<Record<string, Uint8Array>> = {
  "salvo.v1.AgentService/Describe": new Uint8Array(),
  "salvo.v1.AgentService/ProbeClock": toBinary(
    ProbeClockRequestSchema,
    create(ProbeClockRequestSchema, { sentNs: 1n }),
  ),
  "salvo.v1.AgentService/Arm": toBinary(ArmRequestSchema, create(ArmRequestSchema, arm)),
  "salvo.v1.AgentService/Fire": toBinary(
    FireRequestSchema,
    create(FireRequestSchema, { run, nonce: "n".repeat(20), t0Ns: 1n, planHash: hash }),
  ),
  "salvo.v1.AgentService/Abort": toBinary(AbortRequestSchema, create(AbortRequestSchema, { run, reason: "why" })),
  "salvo.v1.AgentService/Watch": toBinary(WatchRequestSchema, create(WatchRequestSchema, { run })),
  "salvo.v1.AgentService/Collect": toBinary(
    CollectRequestSchema,
    create(CollectRequestSchema, { run, ranges: [{ first: 1, last: 4_294_967_295 }] }),
  ),
  "salvo.v1.AgentService/Release": toBinary(ReleaseRequestSchema, create(ReleaseRequestSchema, { run })),
  "salvo.v1.IdentityService/RequestCertificate": new Uint8Array(),
  "salvo.v1.IdentityService/InstallCertificate": toBinary(
    InstallCertificateRequestSchema,
    create(InstallCertificateRequestSchema, { certificate: pem }),
  ),
};
const METHODS = [AgentService, IdentityService].flatMap(({ typeName, methods }) =>
  methods.map(({ name }) => `${typeName}/${name}`),
);

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

import { create } from "@bufbuild/protobuf";
import { ArmRequestSchema } from "@salvo/proto/agent_pb.ts";
import { JoinRequestSchema } from "@salvo/proto/enrolment_pb.ts";
import { LabSchema, ObserverLoss, OnLoss, Role } from "@salvo/proto/lab_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { assertValid, checkMessage } from "./rules.ts";

const workload = {
  name: "w",
  pattern: Pattern.READ,
  blockSizeBytes: 4096n,
  jobs: 1,
  queueDepth: 1,
  durationMs: 1000,
  engine: Engine.NULL,
};
const hash = "0".repeat(64);
const arm = {
  run: "r1",
  participants: [{ id: "a.d", device: "d", deviceHash: hash }],
  workload,
  intervalMs: 1000,
  planHash: hash,
};

function checkArm(change: object) {
  return checkMessage(ArmRequestSchema, create(ArmRequestSchema, { ...arm, ...change }));
}

test("a message that keeps all rules has no violations", () => {
  expect(checkArm({})).toEqual([]);
  expect(() => assertValid(ArmRequestSchema, create(ArmRequestSchema, arm))).not.toThrow();
  expect(checkArm({ intervalMs: 100, workload: { ...workload, blockSizeBytes: 67_108_864n } })).toEqual([]);
});

test.each([
  ["run", "must not be empty", { run: "" }],
  ["run", 'must be a run id ([a-z0-9][a-z0-9-]{0,62}), not "Run 1"', { run: "Run 1" }],
  ["run", "must be a run id", { run: "r1\n" }],
  ["workload", "is missing", { workload: undefined }],
  ["participants[0].device", "must not be empty", { participants: [{ id: "a.d", deviceHash: hash }] }],
  [
    "participants[0].deviceHash",
    "must be a SHA-256 in hexadecimal",
    { participants: [{ id: "a.d", device: "d", deviceHash: "X" }] },
  ],
  ["planHash", "must not be empty", { planHash: "" }],
  [
    "participants",
    "must have at most 1000 entries, but has 1001",
    { participants: Array.from({ length: 1001 }, () => ({})) },
  ],
  ["intervalMs", "must be at least 100, but is 99", { intervalMs: 99 }],
  ["intervalMs", "must be at least 100, but is 0", { intervalMs: 0 }],
  ["intervalMs", "must be a whole number, but is NaN", { intervalMs: Number.NaN }],
  [
    "workload.blockSizeBytes",
    "must be at least 512B, but is 511B",
    { workload: { ...workload, blockSizeBytes: 511n } },
  ],
  ["workload.blockSizeBytes", "must be at most 64MiB", { workload: { ...workload, blockSizeBytes: 2n ** 63n } }],
  ["workload.durationMs", "must be at most 168h", { workload: { ...workload, durationMs: 1.5e12 } }],
  ["workload.pattern", "must be one of read, write", { workload: { ...workload, pattern: Pattern.UNSPECIFIED } }],
  [
    "workload.engine",
    "must be one of libaio, io_uring, psync, null, not number 99",
    { workload: { ...workload, engine: 99 } },
  ],
  ["bus.lab", "must not be empty", { bus: { url: "nats://x:1" } }],
  ["bus.url", "must have at most 300 characters, but has 301", { bus: { url: `nats://${"x".repeat(294)}`, lab: "l" } }],
])("%s %s", (path, message, change) => {
  expect(checkArm(change)).toEqual([expect.objectContaining({ path, message: expect.stringContaining(message) })]);
});

test("bytes have a greatest length, and are required by having any", () => {
  const join = { tokenId: "0123456789abcdef", tokenSecret: "x".repeat(43) };
  const check = (length: number) =>
    checkMessage(JoinRequestSchema, create(JoinRequestSchema, { ...join, request: new Uint8Array(length) }));
  expect(check(16_384)).toEqual([]);
  expect(check(16_385)).toEqual([{ path: "request", message: "must have at most 16384 bytes, but has 16385" }]);
  expect(check(0)).toEqual([{ path: "request", message: "must not be empty", unset: true }]);
});

test("two entries that agree in what must be unique are named by their place", () => {
  const entry = { id: "same", device: "d", deviceHash: hash };
  expect(checkArm({ participants: [entry, { ...entry, id: "other" }, entry] })).toEqual([
    {
      path: "participants[2].id",
      message: 'must differ in every entry of participants, but "same" is in entries 1 and 3',
    },
  ]);
});

test("an unknown number or none in a list of enums is a violation of its own entry", () => {
  // A newer peer's role, of which this one's types know nothing.
  const roles = [Role.WORKLOAD, 17 as Role, Role.UNSPECIFIED];
  const losses = { onLoss: OnLoss.ABORT, onObserverLoss: ObserverLoss.NOTE, lostAfterMs: 5_000 };
  const agent = { id: "a", address: "h:1", roles, ...losses };
  const lab = create(LabSchema, { name: "lab", host: "h", agents: [agent] });
  expect(checkMessage(LabSchema, lab).map(({ path }) => path)).toEqual(["agents[0].roles[1]", "agents[0].roles[2]"]);
});

test("asserting throws one invalid-input error that names every violation and ends", () => {
  const bad = create(ArmRequestSchema, { ...arm, run: "", intervalMs: 1 });
  expect(() => assertValid(ArmRequestSchema, bad)).toThrow(
    expect.objectContaining({
      kind: "invalid-input",
      message: "ArmRequest is not valid: run must not be empty; intervalMs must be at least 100, but is 1",
    }),
  );
  const worse = create(ArmRequestSchema, { ...arm, participants: Array.from({ length: 30 }, () => ({})) });
  expect(() => assertValid(ArmRequestSchema, worse)).toThrow("and 70 more");
});

import { create, type DescField, ScalarType } from "@bufbuild/protobuf";
import { type Workload, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { LABEL, LISTED } from "./guard/disk.fixture.ts";
import { deviceHash, planHash } from "./plan-hash.ts";

const workload = create(WorkloadSchema, { name: "4k", jobs: 1, durationMs: 1_000 });
const PARTICIPANT = { id: "p1", device: "disk1", deviceHash: "1" };
const PLAN = { run: "run-1", intervalMs: 500, workload, participants: [PARTICIPANT] };
const DISK = { name: "lun0", ...LISTED };
const FILE = { name: "lun0", path: "/data/lun0", sizeBytes: 4096n };

function otherwise({ scalar, fieldKind }: DescField, value: unknown): unknown {
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}x`;
  if (value === undefined && scalar === ScalarType.UINT32) return 0; // left out is not the same as 0
  return expect.fail(`a field of kind ${fieldKind} ${scalar} is not hashed by its value`);
}

test("the same is hashed the same, on whatever side and in whatever version", () => {
  expect(planHash(PLAN)).toBe(planHash({ ...PLAN, workload: create(WorkloadSchema, { ...workload }) }));
  expect(deviceHash(DISK, LABEL)).toBe(deviceHash({ ...DISK }, { ...LABEL }));
  // Of ["file","lun0","4096","/data/lun0"], by sha256sum.
  expect(deviceHash(FILE, undefined)).toBe("8d41d39ec10d63b4f3703944e7f71fd5e43f8615af6db359689b755eb483f154");
});

test.for(WorkloadSchema.fields)("a workload with another $name is another plan", (field) => {
  const key = field.localName as keyof Workload; // a field of its schema
  const changed = { ...workload, [key]: otherwise(field, workload[key]) };
  expect(planHash({ ...PLAN, workload: changed })).not.toBe(planHash(PLAN));
});

test("so is one of another run, interval or participant", () => {
  const changes = [
    { run: "run-2" },
    { intervalMs: 250 },
    { participants: [] },
    { participants: [PARTICIPANT, PARTICIPANT] },
    { participants: [{ ...PARTICIPANT, id: "p2" }] },
    { participants: [{ ...PARTICIPANT, device: "disk2" }] },
    { participants: [{ ...PARTICIPANT, deviceHash: "2" }] },
  ];
  const hashes = changes.map((change) => planHash({ ...PLAN, ...change }));
  expect(new Set([planHash(PLAN), ...hashes]).size).toBe(changes.length + 1);
});

test("a device with another name, key, size or label is another device", () => {
  const hashes = [
    deviceHash(DISK, LABEL),
    deviceHash(DISK, undefined),
    deviceHash(DISK, { ...LABEL, uuid: "uuid-2" }),
    deviceHash(DISK, { ...LABEL, lab: "lab2" }),
    deviceHash({ ...DISK, name: "lun1" }, LABEL),
    deviceHash({ ...DISK, sizeBytes: 1n }, LABEL),
    deviceHash({ ...DISK, serial: undefined }, LABEL),
    deviceHash({ ...DISK, serial: "null" }, LABEL),
    deviceHash({ ...DISK, serial: LISTED.wwn, wwn: LISTED.serial }, LABEL),
    deviceHash({ ...DISK, target: undefined }, LABEL),
    deviceHash({ ...DISK, target: { ...LISTED.target!, lun: 4 } }, LABEL),
    deviceHash(FILE, undefined),
    deviceHash({ ...FILE, name: "lun1" }, undefined),
    deviceHash({ ...FILE, path: "/data/lun1" }, undefined),
    deviceHash({ ...FILE, sizeBytes: 8192n }, undefined),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
});

import { create } from "@bufbuild/protobuf";
import { ArmRequestSchema } from "@salvo/proto/agent_pb.ts";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { planHash } from "./plan-hash.ts";
import { clockErrorMs, fioRuntimeMs, planOf, ticksOf } from "./run-plan.ts";

const workload = create(WorkloadSchema, { name: "4k", rampMs: 2_000, durationMs: 5_000 });

test("there is a tick for every interval of ramp and duration, and fio outlives the last of them", () => {
  expect([1_000, 500, 100].map((intervalMs) => ticksOf(workload, intervalMs))).toEqual([7, 14, 70]);
  expect(fioRuntimeMs(workload)).toBe(7_000 + 300 + 1);
});

test("over a week fio's clock may run off by a minute, and fio outlives the last tick by more", () => {
  const week = create(WorkloadSchema, { name: "4k", durationMs: 604_800_000 });
  expect(clockErrorMs(week)).toBe(60_480);
  expect(fioRuntimeMs(week)).toBe(604_800_000 + 300 + 60_480);
});

test.for([
  ["duration", { rampMs: 0, durationMs: 1_500 }],
  ["ramp", { rampMs: 300, durationMs: 2_000 }],
] as const)("an interval that the %s would cut is refused by name", ([name, times]) => {
  const cut = create(WorkloadSchema, { name: "4k", ...times });
  expect(() => ticksOf(cut, 1_000)).toThrow(
    expect.objectContaining({
      kind: "invalid-input",
      message: expect.stringMatching(`workload 4k: ${name} \\d+ ms is not a multiple of 1000 ms`),
    }),
  );
});

test("a plan is what the request says", () => {
  const participants = [{ id: "p1", device: "disk1", deviceHash: "1" }];
  const planned = { run: "run-1", workload, intervalMs: 500, participants };
  const hash = planHash(planned);
  const request = create(ArmRequestSchema, { ...planned, planHash: hash });
  expect(planOf(request)).toEqual({ ...planned, ticks: 14, hash });
  const changed = create(ArmRequestSchema, { ...request, intervalMs: 250 });
  expect(() => planOf(changed)).toThrow(
    expect.objectContaining({ kind: "refused", message: expect.stringContaining("workload 4k") }),
  );
  expect(() => planOf(changed)).toThrow("[plan-hash]");
});

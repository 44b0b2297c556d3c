import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { CoreTimeSchema, CpuLimitSchema } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { expect, test } from "vitest";
import { conclude, small } from "./analysis.fixture.ts";
import { createCoreSums } from "./core-sums.ts";
import { cpuWarnings } from "./cpu-limits.ts";

type LimitInit = MessageInitShape<typeof CpuLimitSchema>;
type Core = MessageInitShape<typeof CoreTimeSchema>;

function warnings(limits: readonly LimitInit[], cores: readonly Core[] = [], jobs = 4): string[] {
  const spec = create(RunSpecSchema, { workload: { jobs } });
  const cpuLimits = new Map(limits.map((init) => [init.participant ?? "", create(CpuLimitSchema, init)]));
  const sums = createCoreSums();
  const times = cores.map((core) => create(CoreTimeSchema, core));
  for (let tick = 0; tick < 3; tick++) sums.add("guest1", times);
  return cpuWarnings({ spec, outlines: [{ agent: "guest1", cpuLimits }], cores: sums.byAgent });
}

const ALL = { allowedCpus: [0, 1], onlineCpus: 2 };
const third = { cgroup: "/bench", quotaUs: 30_000n, periodUs: 100_000n };
const cost = { periods: 84n, throttledPeriods: 67n, throttledUs: 5_432_100n };

test("a quota that stopped fio is told with what it allows and what it cost", () => {
  expect(warnings([{ participant: "guest1.d1", over: true, ...ALL, quotas: [{ ...third, ...cost }] }])).toEqual([
    "fio of guest1.d1 may use 0.3 cores (CPU quota of cgroup /bench), and was stopped in 67 of 84 periods, for 5.4 s in all: the quota may be what was measured",
  ]);
});

test("a quota that stopped nobody is no warning, and one whose cost was not told is", () => {
  const quota = { ...third, quotaUs: 100_000n, periods: 84n };
  expect(warnings([{ participant: "guest1.d1", over: true, ...ALL, quotas: [quota] }])).toEqual([]);
  expect(warnings([{ participant: "guest1.d1", ...ALL, quotas: [quota] }])).toEqual([
    "fio of guest1.d1 may use 1 core (CPU quota of cgroup /bench), and how often it was stopped for that is not known",
  ]);
});

test("one cgroup is one sentence, whoever is in it; the agent alone is named as such", () => {
  const quotas = [{ ...third, ...cost }];
  const limit = (participant: string) => ({ participant, over: true, ...ALL, quotas });
  const ids = ["", "g.d1", "g.d2", "g.d3", "g.d4", "g.d5"];
  expect(warnings(ids.map(limit))).toEqual([
    expect.stringMatching(/^fio of g\.d1, g\.d2, g\.d3, g\.d4 and 1 more may/),
  ]);
  expect(warnings([limit("")])).toEqual([expect.stringMatching(/^the agent guest1 may use 0\.3 cores/)]);
});

test("fewer CPUs than the host has are told, with the jobs that must share them", () => {
  const limit = (participant: string, allowedCpus: number[]) => ({
    participant,
    over: true,
    allowedCpus,
    onlineCpus: 16,
  });
  expect(warnings([limit("g.d1", [0, 1, 2, 8]), limit("g.d2", [0, 1, 2, 8])])).toEqual([
    "fio of g.d1, g.d2 may run on 4 of 16 CPUs (0-2,8) only, and 8 jobs share them",
  ]);
  expect(warnings([limit("g.d1", [0, 1, 2, 8])])).toEqual(["fio of g.d1 may run on 4 of 16 CPUs (0-2,8) only"]);
});

const idle = { idleMs: 1000 };
const full = { userMs: 300, systemMs: 660, idleMs: 40 };

test("a core without time left is named while the others have some, with what took it", () => {
  expect(warnings([], [idle, full, idle, idle])).toEqual([
    "core 1 of guest1 was at least 95 % busy, though others were not: one core may limit what was measured",
  ]);
  expect(warnings([], [{ softirqMs: 700, systemMs: 260, idleMs: 40 }, full, idle, idle])).toEqual([
    "cores 0-1 of guest1 were at least 95 % busy, mostly by interrupts on 0, though others were not: one core may limit what was measured",
  ]);
  expect(warnings([], [{ userMs: 940, idleMs: 60 }, idle]), "94 %").toEqual([]);
  expect(warnings([], [full, full]), "another note says that all are busy").toEqual([]);
});

test("waiting for I/O is idle time", () => {
  expect(warnings([], [{ iowaitMs: 1000 }, idle])).toEqual([]);
});

test("time that the hypervisor took is told from 2 % on", () => {
  expect(warnings([], [{ stealMs: 70, idleMs: 930 }, idle])).toEqual([
    "the hypervisor kept 4 % of the CPU time from guest1 (steal): its figures may be too low",
  ]);
  expect(warnings([], [{ stealMs: 39, idleMs: 961 }, idle])).toEqual([]);
});

test("a run whose fio was stopped by a quota says so in its warnings, by the last record of it", () => {
  const limit = { participant: "vm1.disk1", ...ALL, quotas: [third] };
  const run = syntheticRun(small);
  const { summary } = conclude(run, (record, agent) => {
    const { body } = record;
    if (agent !== "vm1" || body.case !== "event" || body.value.participant === "vm1.disk2") return record;
    const over = body.value.participant === "vm1.disk1"; // its last event
    const value = create(CpuLimitSchema, { ...limit, over, ...(over && { quotas: [{ ...third, ...cost }] }) });
    return { ...record, body: { case: "cpuLimit", value } };
  });
  expect(summary.warnings).toEqual([
    expect.stringMatching(/^fio of vm1\.disk1 may use 0\.3 cores .* 67 of 84 periods/),
  ]);
});

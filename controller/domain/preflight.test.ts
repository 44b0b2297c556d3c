import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, type FioSchema, RunPhase, RunStatusSchema } from "@salvo/proto/agent_pb.ts";
import { type DeviceSchema, ObserverLoss, Role } from "@salvo/proto/lab_pb.ts";
import {
  type RunAgentSchema,
  type RunParticipantSchema,
  RunSpecSchema,
  type RunStorageSchema,
} from "@salvo/proto/run_pb.ts";
import { Engine, Pattern, type WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { clockWarning, preflight, versionProblem } from "./preflight.ts";

const AGENT = {
  id: "guest1",
  roles: [Role.WORKLOAD],
  fio: { path: "/usr/bin/fio", version: "fio-3.33" },
  devices: [
    { name: "disk1", path: "/data/disk1", sizeBytes: 1_048_576n },
    { name: "small", path: "/data/small", sizeBytes: 4_096n },
  ],
  deviceHashes: { disk1: "1", small: "2" },
} satisfies MessageInitShape<typeof AgentDescriptionSchema>;

const SPEC = {
  run: "run-1",
  agents: [
    { id: "guest1", address: "10.0.0.1:7400" },
    { id: "guest2", address: "10.0.0.2:7400" },
  ],
  participants: [
    { id: "guest1.disk1", agent: "guest1", device: "disk1" },
    { id: "guest2.big", agent: "guest2", device: "big" },
  ],
  workload: {
    name: "4k",
    pattern: Pattern.RANDREAD,
    blockSizeBytes: 4096n,
    jobs: 4,
    queueDepth: 1,
    engine: Engine.LIBAIO,
  },
} satisfies MessageInitShape<typeof RunSpecSchema>;

type Init<Schema extends DescMessage> = MessageInitShape<Schema>;

interface Case {
  readonly agent?: {
    readonly id?: string;
    readonly roles?: Role[];
    readonly fio?: Init<typeof FioSchema>;
    readonly devices?: Init<typeof DeviceSchema>[];
    readonly deviceHashes?: Record<string, string>;
    readonly deviceSectorBytes?: Record<string, number>;
  };
  readonly spec?: {
    readonly agents?: Init<typeof RunAgentSchema>[];
    readonly participants?: Init<typeof RunParticipantSchema>[];
    readonly workload?: Init<typeof WorkloadSchema>;
    readonly storage?: Init<typeof RunStorageSchema>;
  };
  readonly runs?: Init<typeof RunStatusSchema>[];
}

function problems({ agent = {}, spec = {}, runs = [] }: Case): string[] {
  return preflight(
    create(RunSpecSchema, { ...SPEC, ...spec }),
    "guest1",
    create(AgentDescriptionSchema, { ...AGENT, ...agent }),
    runs.map((run) => create(RunStatusSchema, run)),
  );
}

test("an agent that has all that its part needs has no problem, whatever others need", () => {
  expect(problems({})).toEqual([]);
  expect(problems({ runs: [{ run: "run-0", phase: RunPhase.ENDED }] })).toEqual([]);
});

test.for<readonly [string, Case, RegExp]>([
  [
    "another agent",
    { agent: { id: "guest9" } },
    /^at 10\.0\.0\.1:7400 answers an agent that calls itself guest9; correct id/,
  ],
  ["another of the run", { agent: { id: "guest2" } }, /^at 10\.0\.0\.1:7400 answers an agent that calls itself guest2/],
  ["no role", { agent: { roles: [Role.TARGET] } }, /does not have the role workload/],
  ["busy", { runs: [{ run: "run-0", phase: RunPhase.RUNNING }] }, /in use by run run-0; wait for it/],
  ["busy to the last", { runs: [{ run: "run-0", phase: RunPhase.ENDING }] }, /in use by run run-0/],
  ["no fio", { agent: { fio: { path: "fio", problem: "fio is not installed. Install it" } } }, /^fio is not installed/],
  ["fio too old", { agent: { fio: { version: "fio-2.21" } } }, /2\.21/],
  [
    "too few asynchronous I/Os",
    { agent: { fio: { ...AGENT.fio, limits: { aioMax: 3n } } } },
    /^workload 4k needs 4 asynchronous I\/Os at once/,
  ],
  ["no fio at all", { agent: { fio: { version: "" } } }, /no fio version/],
  ["device of which it says nothing", { agent: { deviceHashes: {} } }, /does not say how to recognize device disk1/],
  ["device not listed", { agent: { devices: [] } }, /device disk1 is not listed .* \(listed: none\)/],
  [
    "device too small",
    {
      spec: {
        participants: [{ id: "guest1.small", agent: "guest1", device: "small" }],
        workload: { ...SPEC.workload, sizeBytes: 8_192n },
      },
    },
    /8192|8 KiB/,
  ],
  ["offset past the end", { spec: { workload: { ...SPEC.workload, offsetBytes: 1_048_576n } } }, /4k/],
])("one problem, in words: %s", ([, changes, words]) => {
  const found = problems(changes);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(words);
});

test("a raw disk needs no path, and has a MiB less for workloads than it is large", () => {
  const raw = (sizeBytes: bigint) => ({
    agent: { devices: [{ name: "disk1", sizeBytes, disk: { serial: "9f1c2a77", wwn: "naa.6001405a9f1c2a77" } }] },
    spec: { workload: { ...SPEC.workload, sizeBytes: 1_048_576n } },
  });
  expect(problems(raw(2_097_152n))).toEqual([]);
  expect(problems(raw(2_097_151n))).toEqual([expect.stringContaining("do not fit into its 1048575 B")]);
  const { agent, spec } = raw(1_048_576n);
  expect(problems({ agent, spec: { ...spec, storage: {} } }), "one that was made for the scenario").toEqual([]);
});

test("a disk that the guard refuses is told before anything is started, with the study's line", () => {
  const asked = (device: string) =>
    preflight(create(RunSpecSchema, SPEC), "guest1", create(AgentDescriptionSchema, AGENT), [], {
      placeOf: () => "study.yaml:7:3",
      deviceProblems: { [device]: `device ${device}: is mounted at /mnt [mounted]. Unmount it` },
    });
  expect(asked("disk1")).toEqual([
    "study.yaml:7:3: runs may not write to device disk1: is mounted at /mnt [mounted]. Unmount it",
  ]);
  expect(asked("small"), "no run of this study writes to it").toEqual([]);
});

test("blocks that cut the sectors of a raw disk are told with the study's line, before anything is started", () => {
  const found = (blockSizeBytes: bigint, sectorBytes: number) =>
    preflight(
      create(RunSpecSchema, { ...SPEC, workload: { ...SPEC.workload, blockSizeBytes } }),
      "guest1",
      create(AgentDescriptionSchema, { ...AGENT, deviceSectorBytes: { disk1: sectorBytes } }),
      [],
      { placeOf: () => "study.yaml:7:3" },
    );
  expect(found(512n, 4096)).toEqual([
    "study.yaml:7:3: blocks of workload 4k are 512B, and device disk1 takes whole sectors of 4KiB; give the workload a blockSize that is a multiple of 4KiB",
  ]);
  expect([found(4096n, 4096), found(8192n, 4096), found(512n, 512)]).toEqual([[], [], []]);
});

test("an observer needs neither fio nor devices nor a role, only to be free and the one that is meant", () => {
  const agents = [{ id: "guest1", address: "10.0.0.1:7400", observer: ObserverLoss.DEGRADE }];
  const bare = { roles: [], fio: { path: "fio", problem: "fio is not installed" }, devices: [], deviceHashes: {} };
  const observes = (more: Case) => problems({ ...more, spec: { agents }, agent: { ...bare, ...more.agent } });
  expect(observes({})).toEqual([]);
  expect(observes({ runs: [{ run: "run-0", phase: RunPhase.ARMED }] })).toEqual([
    expect.stringContaining("in use by run run-0"),
  ]);
  expect(observes({ agent: { id: "guest9" } })).toEqual([expect.stringContaining("calls itself guest9")]);
});

test("all problems are told at once", () => {
  const all = problems({
    agent: { roles: [], fio: { version: "fio-2.1" }, devices: [] },
    runs: [{ run: "r", phase: RunPhase.ARMED }],
  });
  expect(all).toHaveLength(4);
});

test("an agent of another version is named with what to do; of the same it is no problem", () => {
  const agent = create(AgentDescriptionSchema, { ...AGENT, version: "1.2.0" });
  expect(versionProblem(agent, "1.2.0")).toBeUndefined();
  expect(versionProblem(agent, "1.2.1")).toBe("agent guest1 is version 1.2.0, the controller 1.2.1; deploy the same");
});

test("a clock that cannot make a complete run is told of before any begins", () => {
  expect(clockWarning("guest1", 1_000_000n, 1)).toBeUndefined();
  expect(clockWarning("guest1", 1_600_000n, 1)).toMatch(
    /^the clock of guest1 is known to 1.6 ms only, over the limit of 1 ms/,
  );
});

test("a device that cannot be used is told with where the study names it, the rest without", () => {
  const placeOf = (scenario: string, agent: string, device: string) => `study.yaml:7:9 ${scenario} ${agent} ${device}`;
  const spec = create(RunSpecSchema, {
    ...SPEC,
    scenario: "disks",
    participants: [
      { id: "guest1.disk1", agent: "guest1", device: "disk1" },
      { id: "guest1.big", agent: "guest1", device: "big" },
    ],
  });
  const agent = create(AgentDescriptionSchema, { ...AGENT, roles: [] });
  expect(preflight(spec, "guest1", agent, [], { placeOf })).toEqual([
    "the agent does not have the role workload",
    "study.yaml:7:9 disks guest1 big: device big is not listed in the agent's own file (listed: disk1, small)",
  ]);
});

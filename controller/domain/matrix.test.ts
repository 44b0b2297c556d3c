import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { type ScenarioParticipantSchema, ScenarioSchema, StudySchema } from "@salvo/proto/study_pb.ts";
import { checkMessage } from "@salvo/shared/config/rules.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { expect, test } from "vitest";
import { checkStudy, type Plan, planRuns } from "./matrix.ts";

const agent = (id: string, port: number, role = "workload") => ({ id, address: `127.0.0.1:${port}`, roles: [role] });
const { message: lab } = fromPlain(
  LabSchema,
  {
    name: "lab",
    agents: [agent("guest1", 7401), { ...agent("guest2", 7402), onLoss: "continue" }, agent("target1", 7403, "target")],
  },
  "lab",
);
const workload = (name: string) => ({ name, pattern: "read", blockSize: "4KiB", duration: "10s" });
const { message: study } = fromPlain(
  StudySchema,
  {
    name: "study",
    repeats: 2,
    interval: "500ms",
    scenarios: [
      { name: "alone", participants: [{ agent: "guest1", device: "disk" }] },
      {
        name: "both",
        participants: [
          { agent: "guest2", device: "disk" },
          { agent: "guest1", device: "lun" },
          { agent: "guest1", device: "disk" },
        ],
      },
    ],
    workloads: [workload("4k"), workload("64k")],
  },
  "study",
);

function plan(change: Partial<Plan> = {}) {
  const newRunId: Plan["newRunId"] = ({ scenario, workload, repeat }) => `${scenario.name}-${workload.name}-${repeat}`;
  return planRuns({ study, lab, newRunId, ...change });
}

function refusal(change: Partial<Plan>): SalvoError {
  try {
    plan(change);
  } catch (error) {
    if (error instanceof SalvoError) return error;
    throw error;
  }
  throw new Error("it was planned");
}

function withParticipants(...participants: MessageInitShape<typeof ScenarioParticipantSchema>[]) {
  const changed = clone(StudySchema, study);
  changed.scenarios = [create(ScenarioSchema, { name: "changed", participants })];
  return changed;
}

test("every cell runs once before any runs again, so that drift meets all of them", () => {
  expect(plan().map(({ run }) => run)).toEqual([
    "alone-4k-1",
    "alone-64k-1",
    "both-4k-1",
    "both-64k-1",
    "alone-4k-2",
    "alone-64k-2",
    "both-4k-2",
    "both-64k-2",
  ]);
});

test("a run says all that defines it: only the agents it uses, and each participant by agent and device", () => {
  expect(plan()[2]).toMatchObject({
    lab: "lab",
    study: "study",
    scenario: "both",
    repeat: 1,
    intervalMs: 500,
    workload: { name: "4k", durationMs: 10_000 },
    agents: [
      { id: "guest1", address: "127.0.0.1:7401", onLoss: 1 },
      { id: "guest2", address: "127.0.0.1:7402", onLoss: 2 },
    ],
    participants: [
      { id: "guest2.disk", agent: "guest2", device: "disk" },
      { id: "guest1.lun", agent: "guest1", device: "lun" },
      { id: "guest1.disk", agent: "guest1", device: "disk" },
    ],
  });
  expect(plan()[0]?.agents).toHaveLength(1);
});

test("seconds and repeats from the command line win over the study, which stays as it is", () => {
  const runs = plan({ seconds: 2.5, repeats: 1 });
  expect(runs).toHaveLength(4);
  expect(runs.every(({ workload }) => workload?.durationMs === 2500)).toBe(true);
  expect([study.repeats, study.workloads[0]?.durationMs]).toEqual([2, 10_000]);
});

test.each([
  [{ seconds: 0.5 }, "--seconds must be at least 1s, but is 500ms"],
  [{ seconds: Number.NaN }, "--seconds must be a whole number, but is NaN"],
  [{ repeats: 0 }, "--repeats must be at least 1, but is 0"],
  [{ repeats: 1.5 }, "--repeats must be a whole number, but is 1.5"],
  [{ repeats: 1001 }, "--repeats must be at most 1000, but is 1001"],
])("%j is refused by the name of its flag", (change, message) => {
  expect(refusal(change)).toMatchObject({ kind: "invalid-input", message });
});

test.each([
  ["both", ["both-4k", "both-64k"]],
  ["*/4k", ["alone-4k", "both-4k"]],
  ["a*/?4k", ["alone-64k"]],
  ["/4k", ["alone-4k", "both-4k"]],
])("only %s chooses among the cells", (only, chosen) => {
  expect(plan({ only, repeats: 1 }).map(({ run }) => run)).toEqual(chosen.map((cell) => `${cell}-1`));
});

test.each(["none", "both/none", "both/4k/1"])("only %s matches nothing, and the error lists what there is", (only) => {
  expect(refusal({ only })).toMatchObject({
    kind: "invalid-input",
    message: `nothing in study study matches --only ${only}`,
    remedy: expect.stringContaining("Scenarios: alone, both. Workloads: 4k, 64k."),
  });
});

test("a study of too many runs is refused", () => {
  const workloads = Array.from({ length: 500 }, (_, i) => ({ ...study.workloads[0]!, name: `w${i}` }));
  expect(refusal({ study: { ...study, workloads }, repeats: 11 })).toMatchObject({
    kind: "invalid-input",
    message: "study study has 11000 runs",
  });
});

test("a run id given twice is a bug", () => {
  expect(() => plan({ newRunId: () => "same" })).toThrow("bug: run id same is new");
});

test.each([
  [{ agent: "guest3", device: "disk" }, "agent", "is guest3, which lab lab does not have, did you mean guest1?"],
  [{ agent: "esxi", device: "disk" }, "agent", "is esxi, which lab lab does not have (it has guest1, guest2, target1)"],
  [{ agent: "target1", device: "disk" }, "agent", "is target1, which does not have the role workload in lab lab"],
  [
    { agent: "guest1", device: "/dev/sda" },
    "device",
    'must be a name of lower-case letters, digits and hyphens ([a-z0-9][a-z0-9-]{0,62}), not "/dev/sda"',
  ],
  [
    { agent: "guest2", device: "lun" },
    "device",
    "is lun on agent guest2, as in entry 1: one device takes one fio process",
  ],
  [{ agent: "guest1", device: "" }, "device", "must not be empty"],
])("a participant %j does not fit the lab, and its place is told", (participant, key, message) => {
  const wrong = withParticipants({ agent: "guest2", device: "lun" }, participant);
  expect(checkStudy(wrong, lab)).toMatchObject([{ path: `scenarios[0].participants[1].${key}`, message }]);
  expect(refusal({ study: wrong })).toMatchObject({
    kind: "invalid-input",
    message: `study study cannot run: scenarios[0].participants[1].${key} ${message}`,
  });
});

test("a study built in code must keep the rules as well", () => {
  expect(checkStudy(withParticipants(), lab)).toMatchObject([{ path: "scenarios[0]" }]);
  expect(checkMessage(StudySchema, study)).toEqual([]);
});

test.for([
  [1, "4k is limited to 0.5 I/Os per job and sample: fio sleeps between them, and its answers will come late"],
  [100, ""],
  [0, ""],
] as const)("a limit of %i I/Os a second and job, of which a run's notes say: %s", ([rateIopsPerJob, note]) => {
  const limited = clone(StudySchema, study);
  for (const each of limited.workloads) each.rateIopsPerJob = rateIopsPerJob;
  expect(plan({ study: limited })[0]?.notes.join()).toBe(note);
});

test("a lab that wants single records has them in every run, for readers that know no batches", () => {
  const single = clone(LabSchema, lab);
  single.singleRecords = true;
  expect(new Set(plan().map(({ singleRecords }) => singleRecords))).toEqual(new Set([false]));
  expect(new Set(plan({ lab: single }).map(({ singleRecords }) => singleRecords))).toEqual(new Set([true]));
});

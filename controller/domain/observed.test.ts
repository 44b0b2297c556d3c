import { clone } from "@bufbuild/protobuf";
import { LabSchema, ObserverLoss, Role } from "@salvo/proto/lab_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { expect, test } from "vitest";
import { checkStudy, planRuns } from "./matrix.ts";

const agent = (id: string, roles: string[], more: object = {}) => ({ id, address: "10.0.0.1:7400", roles, ...more });
const { message: lab } = fromPlain(
  LabSchema,
  {
    name: "lab",
    agents: [
      agent("guest1", ["workload", "initiator"]),
      agent("guest2", ["workload", "initiator"]),
      agent("target", ["target", "workload", "initiator"], {
        storageAddresses: ["10.0.1.1"],
        onObserverLoss: "note",
      }),
      agent("esx1", ["hypervisor"]),
    ],
  },
  "lab",
);

const guest1 = { agent: "guest1", device: "disk" };

function study(scenario: object) {
  const { message } = fromPlain(
    StudySchema,
    {
      name: "study",
      scenarios: [{ name: "one", ...scenario }],
      workloads: [{ name: "4k", pattern: "read", blockSize: "4KiB", duration: "10s" }],
    },
    "study",
  );
  return message;
}

function agentsOf(scenario: object) {
  const [spec] = planRuns({ study: study(scenario), lab, newRunId: () => "run-1" });
  return spec!.agents.map(({ id, observer, roles }) => ({ id, observer, roles }));
}

const participant = (id: string) => ({ id, observer: ObserverLoss.UNSPECIFIED, roles: [] });

test("agents that a scenario observes are in its runs, with the lab's word for their loss and the roles they have", () => {
  expect(agentsOf({ participants: [guest1], observe: ["esx1", "target"] })).toEqual([
    participant("guest1"),
    { id: "target", observer: ObserverLoss.NOTE, roles: [Role.TARGET, Role.WORKLOAD, Role.INITIATOR] },
    { id: "esx1", observer: ObserverLoss.DEGRADE, roles: [Role.HYPERVISOR] },
  ]);
});

const storage = { target: "target", transport: "iscsi", volume: { size: "64MiB" } };

test("the target of a scenario's storage observes without being listed, and once when it is listed", () => {
  const expected = [
    participant("guest1"),
    participant("guest2"),
    expect.objectContaining({ id: "target", observer: 2 }),
  ];
  expect(agentsOf({ storage })).toEqual(expected);
  expect(agentsOf({ storage, observe: ["target"] })).toEqual(expected);
});

test("a target that takes part itself is a participant", () => {
  expect(agentsOf({ storage: { ...storage, transport: "local" } })).toEqual([participant("target")]);
});

test.each([
  [["guset1"], 0, "is guset1, which lab lab does not have, did you mean guest1?"],
  [["esx1", "nobody"], 1, "is nobody, which lab lab does not have (it has guest1, guest2, target, esx1)"],
  [["esx1", "esx1"], 1, "is esx1, as before"],
  [["guest1"], 0, "is guest1, which takes part in the scenario: every participant's host is sampled anyway"],
])("observe: %j does not fit, and its place is told", (observe, index, message) => {
  const wrong = study({ participants: [guest1], observe });
  expect(checkStudy(wrong, lab)).toEqual([{ path: `scenarios[0].observe[${index}]`, message }]);
});

test("a study built in code must keep the rules of names as well", () => {
  const wrong = clone(StudySchema, study({ participants: [guest1] }));
  wrong.scenarios[0]!.observe = ["/dev/sda"];
  expect(checkStudy(wrong, lab).map(({ path }) => path)).toContain("scenarios[0].observe[0]");
});

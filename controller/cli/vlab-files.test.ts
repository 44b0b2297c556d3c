import { LabSchema, Role } from "@salvo/proto/lab_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";
import { expect, test } from "vitest";
import { checkStudy, planRuns } from "../domain/matrix.ts";
import { labFile, studyFile } from "@salvo/testbed/vlab/files.ts";
import { planLab } from "@salvo/testbed/vlab/plan.ts";

const plan = planLab({ folder: "/srv/lab", lab: "lab", guests: 2, subnet: 7 });

test("the lab file is one, and names every guest where the controller reaches it", () => {
  const { message } = readYaml(LabSchema, labFile(plan), "lab.yaml");
  expect(message).toMatchObject({ name: "lab", host: "10.213.7.1" });
  expect(message.agents.map(({ id, address, roles }) => ({ id, address, roles }))).toEqual([
    { id: "target", address: "10.213.7.10:7400", roles: [Role.WORKLOAD, Role.TARGET, Role.INITIATOR] },
    { id: "guest1", address: "10.213.7.11:7400", roles: [Role.WORKLOAD, Role.INITIATOR] },
    { id: "guest2", address: "10.213.7.12:7400", roles: [Role.WORKLOAD, Role.INITIATOR] },
  ]);
});

test("the study is one that this lab can run: all guests, over iSCSI and over iSER", () => {
  const lab = readYaml(LabSchema, labFile(plan), "lab.yaml").message;
  const study = readYaml(StudySchema, studyFile(plan), "study.yaml").message;
  expect(checkStudy(study, lab)).toEqual([]);
  const specs = planRuns({ study, lab, newRunId: ({ scenario, workload }) => `${scenario.name}-${workload.name}` });
  expect(new Set(specs.flatMap(({ participants }) => participants.map(({ id }) => id)))).toEqual(
    new Set(["guest1.lun1", "guest2.lun1"]),
  );
  expect(new Set(specs.map(({ scenario }) => scenario))).toEqual(new Set(["iscsi", "iser"]));
});

test("with a hypervisor the lab says whose guests are in which machine, and the study has a scenario for it", () => {
  const withIt = planLab({ folder: "/srv/lab", lab: "lab", guests: 2, subnet: 7, hypervisor: true });
  const lab = readYaml(LabSchema, labFile(withIt), "lab.yaml").message;
  expect(lab.agents.map(({ id, hypervisor }) => [id, hypervisor?.agent, hypervisor?.vm])).toEqual([
    ["target", undefined, undefined],
    ["guest1", "hypervisor", "guest1"],
    ["guest2", "hypervisor", "guest2"],
    ["hypervisor", undefined, undefined],
  ]);
  const study = readYaml(StudySchema, studyFile(withIt), "study.yaml").message;
  expect(checkStudy(study, lab)).toEqual([]);
  const ids = planRuns({ study, lab, only: "rdm/4k-randread", newRunId: () => "run" }).flatMap(({ agents }) =>
    agents.map(({ id, observer }) => `${id}${observer > 0 ? " observes" : ""}`),
  );
  expect(ids).toEqual(["target observes", "guest1", "guest2", "hypervisor observes"]);
});

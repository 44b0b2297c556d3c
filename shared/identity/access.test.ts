import { AgentService, file_salvo_v1_agent } from "@salvo/proto/agent_pb.ts";
import { file_salvo_v1_agent_file } from "@salvo/proto/agent_file_pb.ts";
import { DiskService, file_salvo_v1_disk } from "@salvo/proto/disk_pb.ts";
import { EnrolmentService, file_salvo_v1_enrolment, IdentityService } from "@salvo/proto/enrolment_pb.ts";
import { file_salvo_v1_hypervisor, HypervisorService } from "@salvo/proto/hypervisor_pb.ts";
import { file_salvo_v1_initiator, InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { file_salvo_v1_lab } from "@salvo/proto/lab_pb.ts";
import { file_salvo_v1_path, PathService } from "@salvo/proto/path_pb.ts";
import { file_salvo_v1_run } from "@salvo/proto/run_pb.ts";
import { file_salvo_v1_storage } from "@salvo/proto/storage_pb.ts";
import { file_salvo_v1_study } from "@salvo/proto/study_pb.ts";
import { file_salvo_v1_target, TargetService } from "@salvo/proto/target_pb.ts";
import { file_salvo_v1_telemetry } from "@salvo/proto/telemetry_pb.ts";
import { file_salvo_v1_workload } from "@salvo/proto/workload_pb.ts";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ACCESS, authorize } from "./access.ts";
import { identityUri } from "./name.ts";

const files = [
  file_salvo_v1_agent,
  file_salvo_v1_agent_file,
  file_salvo_v1_disk,
  file_salvo_v1_enrolment,
  file_salvo_v1_hypervisor,
  file_salvo_v1_initiator,
  file_salvo_v1_lab,
  file_salvo_v1_path,
  file_salvo_v1_run,
  file_salvo_v1_storage,
  file_salvo_v1_study,
  file_salvo_v1_target,
  file_salvo_v1_telemetry,
  file_salvo_v1_workload,
];
const methods = files.flatMap(({ services }) =>
  services.flatMap((service) => service.methods.map(({ name }) => `${service.typeName}/${name}`)),
);

test("all proto files are looked at", () => {
  const there = readdirSync(new URL("../../proto/salvo/v1", import.meta.url)).toSorted();
  const looked = files.map(({ proto }) => proto.name.replace("salvo/v1/", ""));
  // Options only.
  expect([...looked, "rule.proto"].toSorted()).toEqual(there);
});

test("every method of the contract is in the table, and the table has no other", () => {
  expect(Object.keys(ACCESS).toSorted()).toEqual(methods.toSorted());
  const services = [
    AgentService,
    DiskService,
    IdentityService,
    EnrolmentService,
    TargetService,
    InitiatorService,
    HypervisorService,
    PathService,
  ];
  expect(methods.length).toBe(services.reduce((sum, service) => sum + service.methods.length, 0));
});

const controller = identityUri({ kind: "controller", lab: "bench", generation: 7 });

test("the lab's controller may call what is the controller's", () => {
  for (const method of methods) expect(() => authorize("bench", method, controller), method).not.toThrow();
});

test.each([
  ["nobody", undefined],
  ["an agent", identityUri({ kind: "agent", lab: "bench", id: "guest1", roles: ["workload"] })],
  [
    "an agent that is called controller",
    identityUri({ kind: "agent", lab: "bench", id: "controller", roles: ["workload"] }),
  ],
  ["the NATS server", identityUri({ kind: "nats", lab: "bench" })],
  ["another lab's controller", identityUri({ kind: "controller", lab: "other", generation: 7 })],
  ["something like the controller", `${controller}x`],
  ["a controller of no generation", "salvo://bench/controller"],
  ["something with the controller in it", `x${controller}`],
])("%s may call nothing but Join", (_who, uri) => {
  for (const method of methods) {
    const call = () => authorize("bench", method, uri);
    if (method === "salvo.v1.EnrolmentService/Join") expect(call).not.toThrow();
    else expect(call, method).toThrow(expect.objectContaining({ kind: "refused" }));
  }
});

test.each(["salvo.v1.AgentService/Format", "constructor", "__proto__", ""])(
  "a method that is in no table is refused: %j",
  (method) => {
    expect(() => authorize("bench", method, controller)).toThrow(expect.objectContaining({ kind: "refused" }));
  },
);

test("who reads on NATS may call nothing but what anybody may", () => {
  for (const method of Object.keys(ACCESS).filter((each) => !each.endsWith("/Join")))
    expect(() => authorize("bench", method, "salvo://bench/reader/dashboard"), method).toThrow(
      "is not for reader dashboard of lab bench",
    );
});

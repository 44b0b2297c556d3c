import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { expect, test } from "vitest";
import { checkStudy } from "./matrix.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";

const { message: lab } = fromPlain(
  LabSchema,
  {
    name: "lab",
    agents: [
      { id: "target", address: "10.0.1.10:7400", roles: ["target"], storageAddresses: ["10.0.0.10"] },
      { id: "guest1", address: "10.0.1.11:7400", roles: ["workload", "initiator"] },
    ],
  },
  "lab",
);

/** One scenario with sectors of 512 B, one with 4 KiB, and a workload of such blocks. */
const study = (blockSize: string) =>
  readYaml(
    StudySchema,
    `name: study
scenarios:
  - name: small
    storage: { target: target, transport: iscsi, volume: { size: 2MiB } }
  - name: native
    storage: { target: target, transport: iscsi, volume: { size: 2MiB, sector: 4KiB } }
workloads:
  - { name: ok, pattern: read, blockSize: 64KiB, duration: 1s }
  - { name: tiny, pattern: read, blockSize: ${blockSize}, duration: 1s }
`,
    "study.yaml",
  );

test.each(["512B", "6KiB"])(
  "blocks of %s on sectors of 4 KiB are told with file and line, before anything is made",
  (size) => {
    const read = study(size);
    const violations = checkStudy(read.message, lab);
    expect(read.refuse(violations).message).toBe(
      `study.yaml:9:45: blockSize of workload tiny is ${size}, which is no whole number of the sectors of 4KiB that scenario native makes its LUNs with`,
    );
  },
);

test.each(["4KiB", "1MiB"])("blocks of %s are whole sectors", (size) => {
  expect(checkStudy(study(size).message, lab)).toEqual([]);
});

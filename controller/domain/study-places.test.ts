import { StudySchema } from "@salvo/proto/study_pb.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";
import { expect, test } from "vitest";
import { devicePlaces } from "./study-places.ts";

const placeOf = devicePlaces(
  readYaml(
    StudySchema,
    `name: study
scenarios:
  - name: disks
    participants:
      - { agent: guest1, device: disk }
      - { agent: guest2, device: disk }
  - name: made
    storage: { target: target, transport: iscsi, volume: { size: 2MiB } }
workloads:
  - { name: a, pattern: read, blockSize: 4KiB, duration: 1s }
`,
    "study.yaml",
  ),
);

test("a device that a study names is found where it stands there", () => {
  expect(placeOf("disks", "guest2", "disk")).toBe("study.yaml:6:34");
});

test("one that comes of a scenario's storage is found where that stands", () => {
  expect(placeOf("made", "guest1", "lun1")).toBe("study.yaml:8:14");
});

test("what the study does not name has no place", () => {
  expect(placeOf("disks", "guest3", "disk")).toBeUndefined();
  expect(placeOf("none", "guest1", "disk")).toBeUndefined();
});

import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { file_salvo_v1_agent } from "@salvo/proto/agent_pb.ts";
import { file_salvo_v1_initiator } from "@salvo/proto/initiator_pb.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { file_salvo_v1_lab, LabSchema } from "@salvo/proto/lab_pb.ts";
import { Unit } from "@salvo/proto/rule_pb.ts";
import { file_salvo_v1_run } from "@salvo/proto/run_pb.ts";
import { file_salvo_v1_storage } from "@salvo/proto/storage_pb.ts";
import { file_salvo_v1_study, StudySchema } from "@salvo/proto/study_pb.ts";
import { file_salvo_v1_target } from "@salvo/proto/target_pb.ts";
import { file_salvo_v1_telemetry } from "@salvo/proto/telemetry_pb.ts";
import { file_salvo_v1_workload } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { schemaDocs } from "./docs.ts";
import { fileKey, ruleOf } from "./fields.ts";
import { checkMessage } from "./rules.ts";
import { readScalar } from "./scalar.ts";

/** The contract itself: each rule in the .proto files must be one that can be followed. */
const files = [
  file_salvo_v1_agent,
  file_salvo_v1_initiator,
  file_salvo_v1_lab,
  file_salvo_v1_run,
  file_salvo_v1_storage,
  file_salvo_v1_study,
  file_salvo_v1_target,
  file_salvo_v1_telemetry,
  file_salvo_v1_workload,
];
const messages = files.flatMap(({ messages }) => messages);
const fields = messages.flatMap(({ fields }) => fields);

test("every message of the contract can be checked", () => {
  expect(messages.length).toBeGreaterThan(40);
  for (const schema of messages) expect(checkMessage(schema, create(schema))).toBeInstanceOf(Array);
});

test("a field whose name ends in its unit has that unit, and its limits are whole numbers of it", () => {
  for (const field of fields) {
    const { unit, min = 0, max = 0 } = ruleOf(field);
    if (unit === Unit.UNSPECIFIED) continue;
    expect(field.name).toMatch(unit === Unit.BYTES ? /_bytes$/ : /_ms$/);
    expect([min, max].every(Number.isSafeInteger), field.name).toBe(true);
  }
});

test("every default can be read and keeps its own field's limits", () => {
  const defaults = fields.filter((field) => ruleOf(field).defaultValue !== "");
  expect(defaults.length).toBeGreaterThan(5);
  for (const field of defaults) {
    const reading = readScalar(field, { text: ruleOf(field).defaultValue, quoted: false });
    expect(reading, field.toString()).toHaveProperty("value");
    if (!("value" in reading)) continue;
    const paths = checkMessage(field.parent, create(field.parent, { [field.localName]: reading.value })).map(
      ({ path }) => path,
    );
    expect(paths).not.toContain(field.localName);
  }
});

test("every pattern compiles and has a name, and every unique_by names a text of the list's messages", () => {
  for (const field of fields) {
    const { pattern, patternName, uniqueBy } = ruleOf(field);
    if (pattern) expect(() => new RegExp(pattern, "u")).not.toThrow();
    expect(pattern === "", field.toString()).toBe(patternName === "");
    if (uniqueBy) expect(field.message?.field[uniqueBy]?.scalar, field.toString()).toBe(ScalarType.STRING);
  }
});

test("the three files have only fields that YAML can be read into, and no two of a message share a key", () => {
  const readable = [
    ScalarType.STRING,
    ScalarType.BOOL,
    ScalarType.UINT32,
    ScalarType.INT32,
    ScalarType.UINT64,
    ScalarType.INT64,
  ];
  const walk = (schema: DescMessage): DescField[] =>
    schema.fields.flatMap((field) => [field, ...(field.message ? walk(field.message) : [])]);
  for (const field of [LabSchema, StudySchema, AgentConfigSchema].flatMap(walk)) {
    expect(field.fieldKind === "map" || field.oneof !== undefined, field.toString()).toBe(false);
    if (field.scalar !== undefined) expect(readable, field.toString()).toContain(field.scalar);
    expect(field.parent.fields.filter((other) => fileKey(other) === fileKey(field))).toHaveLength(1);
  }
});

test("the reference of a file's keys tells type, default and limits as a file would write them", () => {
  expect(schemaDocs(StudySchema)).toContainEqual({
    key: "workloads[].duration",
    type: "a time such as 10s (ms, s, m, h)",
    required: true,
    default: "",
    limits: "at least 1s, at most 168h",
  });
  expect(schemaDocs(StudySchema).find(({ key }) => key === "interval")).toMatchObject({
    required: false,
    default: "1s",
  });
  expect(schemaDocs(LabSchema).find(({ key }) => key === "agents[]")).toMatchObject({ limits: "at most 1000 entries" });
});

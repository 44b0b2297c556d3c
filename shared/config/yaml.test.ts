import { LabSchema, OnLoss, Role } from "@salvo/proto/lab_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { SalvoError } from "../kernel/error.ts";
import { fromPlain } from "./plain.ts";
import { readYaml } from "./yaml.ts";

const LAB = `
name: lab
agents:
  - id: guest1
    address: 127.0.0.1:7401
    roles: [workload, initiator]
  - id: guest2
    address: "[::1]:7402"
    roles: [target]
    onLoss: continue
`;

const STUDY = `
name: study
scenarios:
  - name: one
    participants:
      - {agent: guest1, device: disk}
workloads:
  - name: small
    pattern: randread
    blockSize: 4KiB
    duration: 10s
`;

function refusal(text: string, schema: typeof LabSchema | typeof StudySchema = LabSchema): SalvoError {
  try {
    readYaml(schema, text, "f.yaml");
  } catch (error) {
    if (error instanceof SalvoError) return error;
    throw error;
  }
  throw new Error("nothing was wrong with the text");
}

function mistakes(text: string, schema: typeof LabSchema | typeof StudySchema = LabSchema): string[] {
  return refusal(text, schema).message.split("\n");
}

test("a file becomes a message, with defaults for what it leaves out", () => {
  const { message: lab } = readYaml(LabSchema, LAB, "lab.yaml");
  expect(lab.agents).toMatchObject([
    { id: "guest1", address: "127.0.0.1:7401", roles: [Role.WORKLOAD, Role.INITIATOR], onLoss: OnLoss.ABORT },
    { id: "guest2", address: "[::1]:7402", roles: [Role.TARGET], onLoss: OnLoss.CONTINUE },
  ]);
  expect(lab.nats).toBeUndefined();

  const { message: study } = readYaml(StudySchema, STUDY, "study.yaml");
  expect(study).toMatchObject({ intervalMs: 1000, repeats: 1 });
  expect(study.workloads[0]).toMatchObject({
    pattern: Pattern.RANDREAD,
    blockSizeBytes: 4096n,
    durationMs: 10_000,
    rampMs: 0,
    sizeBytes: 0n,
    jobs: 1,
    queueDepth: 1,
    readPercent: 50,
    direct: true,
    engine: Engine.LIBAIO,
  });
});

test("what a file says wins over the default, even when it says none or no", () => {
  const text = `${STUDY}    readPercent: 0\n    direct: false\n    engine: io_uring\n`;
  const { message } = readYaml(StudySchema, text, "study.yaml");
  expect(message.workloads[0]).toMatchObject({ readPercent: 0, direct: false, engine: Engine.IO_URING });
});

test("a text may be written in any of YAML's ways, numbers and words like true among them", () => {
  const { message } = readYaml(StudySchema, `${STUDY}description: >\n  one\n  two\n`, "study.yaml");
  expect(message.description).toBe("one two\n");
  expect(readYaml(LabSchema, LAB.replace("guest1", "007"), "f").message.agents[0]?.id).toBe("007");
  expect(readYaml(LabSchema, LAB.replace("guest1", "true"), "f").message.agents[0]?.id).toBe("true");
});

test("all mistakes are told at once, in order, each with its place; the first one's is in the facts", () => {
  const error = refusal(
    LAB.replace("name: lab", "name: My Lab").replace("onLoss: continue", "onLoss: abrot").replace("[target]", "[]"),
  );
  expect(error.message.split("\n")).toEqual([
    'f.yaml:2:7: name must be a name of lower-case letters, digits and hyphens ([a-z0-9][a-z0-9-]{0,62}), not "My Lab"',
    "f.yaml:9:12: roles must have at least one entry",
    'f.yaml:10:13: onLoss must be one of abort, continue, not "abrot", did you mean abort?',
  ]);
  expect(error).toMatchObject({ kind: "invalid-input", file: "f.yaml", line: 2, column: 7 });
});

test.each([
  ["an unknown key", ["address: 127", "adress: 127"], 'f.yaml:5:5: unknown key "adress", did you mean address?'],
  [
    "an unknown key like no other",
    ["name: lab", "name: lab\ncolour: red"],
    'f.yaml:3:1: unknown key "colour" (there are name, nats, agents, host, storage, singleRecords)',
  ],
  [
    "a key given twice",
    ["name: lab", "name: lab\nname: two"],
    "f.yaml:3:1: name is already given in line 2: keep one of the two",
  ],
  [
    "two agents of one id",
    ["guest2", "guest1"],
    'f.yaml:7:9: id must differ in every entry of agents, but "guest1" is in entries 1 and 2',
  ],
  [
    "a missing key",
    ["    address: 127.0.0.1:7401\n", ""],
    "f.yaml:4:5: address is missing: it must be an address like host:7400 or [fd00::1]:7400",
  ],
  ["a key without a value", ["name: lab", "name:"], "f.yaml:2:6: name has no value: give it one, or take the key out"],
  ["null", ["name: lab", "name: ~"], "f.yaml:2:7: name has no value: give it one, or take the key out"],
  [
    "an empty entry",
    ["[target]", "[target, ~]"],
    "f.yaml:9:21: roles[1] has no value: give it one, or take the key out",
  ],
  [
    "a text for a list",
    ["[target]", "target"],
    'f.yaml:9:12: roles must be a list, each entry one of workload, target, initiator, hypervisor; not the text "target"',
  ],
  [
    "a list for a text",
    ["name: lab", "name: [lab]"],
    "f.yaml:2:7: name must be a name of lower-case letters, digits and hyphens, not a list",
  ],
  [
    "a text for a message",
    ["name: lab", "name: lab\nnats: nats://x:1"],
    'f.yaml:3:7: nats must be a nats with the keys url, credentials, ca, not the text "nats://x:1"',
  ],
  [
    "an unknown role",
    ["[target]", "[target, Workload]"],
    'f.yaml:9:21: roles[1] must be one of workload, target, initiator, hypervisor, not "Workload", did you mean workload?',
  ],
  [
    "a tag",
    ["name: lab", "name: !!str lab"],
    'f.yaml:2:13: name has the tag "tag:yaml.org,2002:str": tags are not supported, take it out',
  ],
  [
    "half a character",
    ["name: lab", 'name: "\\ud800"'],
    "f.yaml:2:7: name must be Unicode text, but has half of a character in it (\\ud800 to \\udfff)",
  ],
  [
    "a merge key",
    ["name: lab", "name: lab\n<<: {}"],
    "f.yaml:3:1: merge keys (<<) are not supported: write the keys out",
  ],
  ["a list for a key", ["name: lab", "name: lab\n? [a]\n: b"], "f.yaml:3:3: a key must be a plain word"],
])("%s in a lab is one mistake, at its place, with what to write instead", (_, [from = "", to = ""], mistake) => {
  expect(LAB).toContain(from);
  expect(mistakes(LAB.replace(from, to))).toEqual([mistake]);
});

test.each([
  [
    "the field's own name",
    ["blockSize: 4KiB", "blockSizeBytes: 4096"],
    "10:5: the key blockSizeBytes is spelt blockSize in files, and its value has a unit: a size",
  ],
  ["a size without unit", ["4KiB", "4096"], "10:16: blockSize needs a unit: write 4KiB if you mean bytes"],
  ["a size in KB", ["4KiB", "4KB"], '10:16: blockSize has the unit "KB": write 4KiB if that is what you mean'],
  [
    "a time for a size",
    ["4KiB", "10s"],
    "10:16: blockSize must be a size such as 4KiB (B, KiB, MiB, GiB, TiB); 10s is a time",
  ],
  ["a size too small", ["4KiB", "100B"], "10:16: blockSize must be at least 512B, but is 100B"],
  ["a size too large", ["4KiB", "65MiB"], "10:16: blockSize must be at most 64MiB, but is 65MiB"],
  [
    "a time without unit",
    ["10s", "10"],
    "11:15: duration needs a unit: write 10s if you mean seconds, 10ms if milliseconds",
  ],
  ["a time of nothing", ["10s", "0s"], "11:15: duration must be at least 1s, but is 0ms"],
  [
    "a number in quotation marks",
    ["10s", '10s\n    jobs: "8"'],
    '12:11: jobs must be a whole number such as 16 without quotation marks, not "8"',
  ],
  ["a number that is none", ["10s", "10s\n    jobs: 8.5"], '12:11: jobs must be a whole number such as 16, not "8.5"'],
  ["an octal number", ["10s", "10s\n    jobs: 010"], '12:11: jobs must be a whole number such as 16, not "010"'],
  [
    "a number that does not fit",
    ["10s", "10s\n    jobs: 4294967296"],
    "12:11: jobs is too large: 4294967296 is more than 4294967295",
  ],
  ["a negative number", ["10s", "10s\n    rateIopsPerJob: -1"], "12:21: rateIopsPerJob must be at least 0, but is -1"],
  ["yes for true", ["10s", "10s\n    direct: yes"], '12:13: direct must be true or false, not "yes"'],
  [
    "true in quotation marks",
    ["10s", '10s\n    direct: "true"'],
    '12:13: direct must be true or false without quotation marks, not "true"',
  ],
  [
    "no scenarios",
    ["scenarios:\n  - name: one\n    participants:\n      - {agent: guest1, device: disk}", "scenarios: []"],
    "3:12: scenarios must have at least one entry",
  ],
])("%s in a study is one mistake, at its place, with what to write instead", (_, [from = "", to = ""], mistake) => {
  expect(STUDY).toContain(from);
  expect(mistakes(STUDY.replace(from, to), StudySchema)).toEqual([expect.stringContaining(`f.yaml:${mistake}`)]);
});

test("a lab without agents and a study without workloads are refused", () => {
  expect(mistakes("name: lab")).toEqual([expect.stringContaining("f.yaml:1:1: agents is missing: it must be a list")]);
  expect(mistakes("name: lab\nagents: []")).toEqual(["f.yaml:2:9: agents must have at least one entry"]);
  const without = STUDY.slice(0, STUDY.indexOf("workloads:"));
  expect(mistakes(without, StudySchema)).toEqual([expect.stringContaining("f.yaml:2:1: workloads is missing")]);
});

test.each([
  ["", "f.yaml:1:1: the file is empty"],
  ["# only a comment\n", "f.yaml:1:1: the file is empty"],
  [
    "- a",
    "f.yaml:1:1: the file must be a lab with the keys name, nats, agents, host, storage, singleRecords, not a list",
  ],
  ["name: [a", "f.yaml:1:9: this is not valid YAML: "],
  [`${LAB}---\nname: two`, "f.yaml:11:1: a second document begins here (---): write one per file"],
  ["[".repeat(5000), "f.yaml:1:101: lists and keys nest more than 100 deep"],
  [" ".repeat(4 * 1024 * 1024 + 1), "f.yaml:1:1: the file is larger than 4 MiB"],
  ["- \n".repeat(200_000), "the file has more than 300000 words"],
])("a file that is no lab at all is one mistake (%#)", (text, mistake) => {
  expect(mistakes(text)).toEqual([expect.stringContaining(mistake)]);
});

test("an alias stands for its anchor's value, and mistakes in that are told once, where they are", () => {
  const text = LAB.replace("[workload, initiator]", "&roles [workload]").replace("[target]", "*roles");
  expect(readYaml(LabSchema, text, "f").message.agents[1]?.roles).toEqual([Role.WORKLOAD]);
  expect(mistakes(text.replace("&roles [workload]", "&roles [work]"))).toHaveLength(1);
});

test("aliases cannot make a small file stand for a huge message", () => {
  const participants = "      - {agent: a, device: b}\n".repeat(1000);
  const scenarios = `  - &s\n    name: s\n    participants:\n${participants}${"  - *s\n".repeat(900)}`;
  const text = `name: bomb\nscenarios:\n${scenarios}${STUDY.slice(STUDY.indexOf("workloads:"))}`;
  expect(refusal(text, StudySchema).message).toContain("the file stands for more than 100000 values");
  expect(refusal("scenarios: &a [*a, *a]", StudySchema).kind).toBe("invalid-input");
});

test("an error lists a hundred mistakes and counts the others", () => {
  const lines = mistakes(`name: lab\n${Array.from({ length: 150 }, (_, i) => `key${i}: x\n`).join("")}`);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe("f.yaml: and 51 more mistakes");
});

test("a path leads to its value's place, or to what it is missing from, also in errors found later", () => {
  const file = readYaml(StudySchema, STUDY, "study.yaml");
  expect(file.locate("scenarios[0].participants[0].agent")).toEqual({ line: 6, column: 17 });
  expect(file.locate("workloads[0].blockSizeBytes")).toEqual({ line: 10, column: 16 });
  expect(file.locate("workloads[0].rampMs")).toEqual({ line: 8, column: 5 });
  expect(file.locate("intervalMs")).toEqual({ line: 2, column: 1 });
  expect(file.refuse([{ path: "scenarios[0].participants[0].agent", message: "is nobody" }])).toMatchObject({
    kind: "invalid-input",
    file: "study.yaml",
    line: 6,
    column: 17,
    message: "study.yaml:6:17: agent is nobody",
  });
});

test("an object in code is read as the file that it would be", () => {
  const agent = { id: "a", address: "127.0.0.1:1", roles: ["workload"] };
  const { message } = fromPlain(LabSchema, { name: "lab", agents: [agent] }, "the demo's lab");
  expect(message.agents).toMatchObject([{ id: "a", roles: [Role.WORKLOAD], onLoss: OnLoss.ABORT }]);
  expect(() => fromPlain(LabSchema, { name: "lab" }, "the demo's lab")).toThrow(
    "the demo's lab:1:1: agents is missing",
  );
});

test("null is a name where the names have it, bare or in quotation marks, and nothing at all elsewhere", () => {
  const study = (engine: string) =>
    readYaml(
      StudySchema,
      `name: s\nscenarios:\n  - { name: a, participants: [{ agent: g, device: d }] }\nworkloads:\n  - { name: w, pattern: read, blockSize: 4KiB, duration: 1s, engine: ${engine} }\n`,
      "s.yaml",
    ).message.workloads[0]?.engine;
  expect([study("null"), study('"null"')]).toEqual([Engine.NULL, Engine.NULL]);
  for (const nothing of ["~", "", "Null"]) expect(() => study(nothing)).toThrow("engine has no value");
});

import { StudySchema } from "@salvo/proto/study_pb.ts";
import { expect, test } from "vitest";
import { readYaml } from "./yaml.ts";

function study(workloads: string, storage = "") {
  const scenario = storage === "" ? "participants: [{ agent: a, device: d }]" : `storage: { ${storage} }`;
  const text = `name: s\nscenarios:\n  - { name: one, ${scenario} }\nworkloads:\n${workloads}\n`;
  return readYaml(StudySchema, text, "study.yaml");
}
const workload = (keys: string) => `  - { name: w, pattern: randread, duration: 10s, ${keys} }`;
const names = (of: ReturnType<typeof study>) => of.message.workloads.map(({ name }) => name);

test("a list where one value belongs makes a workload of each value, named after it", () => {
  const read = study(workload("blockSize: 4KiB, queueDepth: [1, 8, 64]"));
  expect(names(read)).toEqual(["w-qd1", "w-qd8", "w-qd64"]);
  expect(read.message.workloads.map(({ queueDepth }) => queueDepth)).toEqual([1, 8, 64]);
  expect(read.message.workloads.map(({ blockSizeBytes }) => blockSizeBytes)).toEqual([4096n, 4096n, 4096n]);
});

test("several lists make every combination, the first list varying slowest", () => {
  const read = study(workload("blockSize: [4KiB, 1MiB], jobs: [1, 2]"));
  expect(names(read)).toEqual(["w-bs4k-jobs1", "w-bs4k-jobs2", "w-bs1m-jobs1", "w-bs1m-jobs2"]);
  expect(read.message.workloads.map(({ blockSizeBytes, jobs }) => [Number(blockSizeBytes), jobs])).toEqual([
    [4096, 1],
    [4096, 2],
    [1048576, 1],
    [1048576, 2],
  ]);
});

test("a scenario's storage sweeps sessions, LUNs and the LUNs' queue depth", () => {
  const storage = "target: t, transport: iscsi, sessions: [1, 4], queueDepth: [32], volume: { size: 4MiB }";
  const read = study(workload("blockSize: 4KiB"), storage);
  expect(read.message.scenarios.map(({ name }) => name)).toEqual(["one-sessions1-lunqd32", "one-sessions4-lunqd32"]);
  expect(read.message.scenarios.map(({ storage: made }) => made?.sessions)).toEqual([1, 4]);
});

test("entries before and after a sweep stay where they are, and mistakes have the place of the value", () => {
  const both = `${workload("blockSize: 4KiB")}\n  - { name: x, pattern: read, duration: 10s, blockSize: 4KiB, jobs: [1, 500] }`;
  expect(() => study(both)).toThrow("study.yaml:6:73: jobs must be at most 256, but is 500");
});

test.each([
  ["an empty list", "blockSize: 4KiB, jobs: []", /study\.yaml:5:\d+: jobs has an empty list: give it values/],
  ["a value twice", "blockSize: 4KiB, jobs: [2, 2]", /name/],
  ["a list of lists", "blockSize: 4KiB, jobs: [[1], 2]", /study\.yaml:5:\d+: jobs must be a whole number, not a list/],
  ["keys that take one value", "blockSize: 4KiB, engine: [psync, libaio]", /engine must be one of .*not a list/],
  [
    "too many combinations",
    `blockSize: 4KiB, ${["jobs", "queueDepth"].map((key) => `${key}: [${Array.from({ length: 40 }, (_, i) => i + 1).join(", ")}]`).join(", ")}`,
    /study\.yaml:5:\d+: the lists of this entry stand for 1600 entries; at most 1000 are possible/,
  ],
])("%s is refused with its place", (_what, keys, message) => {
  expect(() => study(workload(keys))).toThrow(message);
});

test("a mistake beside a sweep is told once", () => {
  const refused = () => study(workload("blockSize: 4, queueDepth: [1, 2, 3]"));
  expect(refused).toThrow(/blockSize/);
  try {
    refused();
  } catch (error) {
    expect(String(error).match(/blockSize/g)).toHaveLength(1);
  }
});

test("an entry that stands in several places by an alias sweeps in each", () => {
  const text = `name: s
scenarios:
  - { name: one, participants: [{ agent: a, device: d }] }
workloads:
  - { name: a, pattern: read, duration: 1s, blockSize: 4KiB, queueDepth: &depths [1, 2] }
  - { name: b, pattern: write, duration: 1s, blockSize: 4KiB, queueDepth: *depths }
`;
  expect(names(readYaml(StudySchema, text, "study.yaml"))).toEqual(["a-qd1", "a-qd2", "b-qd1", "b-qd2"]);
});

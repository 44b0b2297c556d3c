import { create } from "@bufbuild/protobuf";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";
import { expect, test } from "vitest";
import { planRuns } from "./matrix.ts";
import { seededWorkload } from "./seeds.ts";
import { workloadNotes } from "./workload-violations.ts";

const { message: lab } = fromPlain(
  LabSchema,
  { name: "lab", agents: [{ id: "guest1", address: "127.0.0.1:7401", roles: ["workload"] }] },
  "lab",
);

function plan(workload: string, more = "") {
  const study = readYaml(
    StudySchema,
    `name: s\n${more}scenarios:\n  - { name: one, participants: [{ agent: guest1, device: disk }] }\nworkloads:\n  - { name: w, duration: 10s, ${workload} }\n`,
    "study.yaml",
  );
  let runs = 0;
  const refuse = (found: Parameters<typeof study.refuse>[0]) => study.refuse(found);
  return planRuns({ study: study.message, lab, refuse, seed: 5, newRunId: () => `run${++runs}` });
}

test.for<[string, string]>([
  ["pattern: read, blockSize: 4KiB, fsyncEvery: 8", "study.yaml:5:75: fsyncEvery is about writes, and has no effect"],
  ["pattern: randread, blockSize: 4KiB, distribution: zipf:1", "study.yaml:5:81: distribution zipf needs a number"],
  ["pattern: randread", "study.yaml:5:5: blockSize is missing"],
  ["pattern: randread, blockSizeMix: 4KiB/50", "study.yaml:5:64: blockSizeMix must have shares of 100 percent"],
  ["pattern: randread, blockSize: 4KiB, thinkTime: 600ms", "study.yaml:5:78: thinkTime must be at most half"],
  ["pattern: randwrite, blockSize: 4KiB, verify: true, jobs: 4", "study.yaml:5:76: verify needs jobs: 1, not 4"],
])("%s is refused with its place", ([workload, message]) => {
  expect(() => plan(workload)).toThrow(message);
});

test("a mix, a distribution and a rate in bytes are swept, and named after what they are", () => {
  const sweep = "pattern: randread, blockSize: 4KiB, distribution: [zipf:0.8, zipf:1.2], ratePerJob: [1MiB, 8MiB]";
  const runs = plan(sweep, "order: written\n");
  expect(runs.map((run) => run.workload?.name)).toEqual([
    "w-distzipf-0-8-rate1m",
    "w-distzipf-0-8-rate8m",
    "w-distzipf-1-2-rate1m",
    "w-distzipf-1-2-rate8m",
  ]);
});

test("each repeat and each agent has random numbers of its own, and a fixed seed is kept", () => {
  const workload = "pattern: randread, blockSize: 4KiB";
  const seeds = plan(workload, "repeats: 3\n").map((run) => seededWorkload(run, "guest1").seed);
  expect(new Set(seeds).size).toBe(3);
  expect(plan(workload, "repeats: 3\n").map((run) => seededWorkload(run, "guest1").seed)).toEqual(seeds);
  const [run] = plan(workload);
  expect(seededWorkload(run!, "guest2").seed).not.toBe(seededWorkload(run!, "guest1").seed);
  const fixed = plan(`${workload}, seed: 7`, "repeats: 2\n").map((each) => seededWorkload(each, "guest1").seed);
  expect(fixed).toEqual([7, 7]);
  const old = create(RunSpecSchema, { workload: run!.workload! });
  expect(seededWorkload(old, "guest1").seed).toBe(0);
});

test("a workload that does less than two I/Os per job and sample has a note", () => {
  const [slow] = plan("pattern: randread, blockSize: 1MiB, ratePerJob: 1MiB");
  expect(workloadNotes(slow!.workload!, 1000)).toEqual([expect.stringContaining("w is limited to 1 I/Os per job")]);
  expect(workloadNotes(slow!.workload!, 2000)).toEqual([]);
});

test.for<[string, string]>([
  ["workload: 64k, expect: p99 < 2ms", "thresholds[0].workload is 64k, which no workload is called"],
  ["scenario: two, expect: p99 < 2ms", "scenario is two, which no scenario is called"],
  ["expect: p99 < 2", 'study.yaml:2:24: expect needs p99 in us, ms, s, not ""'],
  ["expect: two.iops > 2 x one.iops", "expect names two, which no scenario is called"],
])("a threshold of %s is refused with its place", ([threshold, message]) => {
  const file = () => plan("pattern: read, blockSize: 4KiB", `thresholds: [{ ${threshold} }]\n`);
  expect(file).toThrow(message.replace("thresholds[0].", ""));
});

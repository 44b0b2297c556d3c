import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { AgentDescriptionSchema } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { loadAgentConfig, loadLab, loadStudy } from "@salvo/shared/config/files.ts";
import { expect, test } from "vitest";
import { planRuns } from "./matrix.ts";
import { preflight } from "./preflight.ts";

/** Every file in labs/ and studies/ is one that Salvo takes; agents' files are named agent-*. */
const filesIn = (folder: string) =>
  readdirSync(new URL(`../../${folder}/`, import.meta.url))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => fileURLToPath(new URL(`../../${folder}/${name}`, import.meta.url)));
const agentFiles = filesIn("labs").filter((file) => file.includes("/agent-"));
const labFiles = filesIn("labs").filter((file) => !agentFiles.includes(file));
const studyFiles = filesIn("studies");

test("there are examples of each kind", () => {
  expect([agentFiles, labFiles, studyFiles].every((files) => files.length > 0)).toBe(true);
});

test.each(studyFiles)("%s runs on the labs that are there for it", async (studyFile) => {
  const { message: study } = await loadStudy(studyFile);
  const storage = study.scenarios.some((scenario) => scenario.storage);
  const labs = await Promise.all(labFiles.map(loadLab));
  // A lab with storage of its own is for `salvo lab apply`.
  const made = labs.filter(
    ({ message }) => !message.storage && storage === message.agents.some(({ roles }) => roles.includes(Role.TARGET)),
  );
  expect(made.length).toBeGreaterThan(0);
  for (const { message: lab } of made) {
    let runs = 0;
    const specs = planRuns({ study, lab, newRunId: () => `run${(runs += 1)}` });
    expect(specs).toHaveLength(study.scenarios.length * study.workloads.length * study.repeats);
    for (const spec of specs)
      for (const { id } of spec.agents)
        expect(preflight(spec, id, withAllOf(spec, id), []), `${spec.scenario}/${spec.workload?.name}`).toEqual([]);
  }
});

/** An agent with the devices that the run wants, of the size that the study makes them of, or large enough. */
function withAllOf({ participants, storage }: RunSpec, id: string) {
  const names = participants.filter(({ agent }) => agent === id).map(({ device }) => device);
  const sizeBytes = storage?.wanted?.volume?.sizeBytes ?? 2n ** 40n;
  return create(AgentDescriptionSchema, {
    id,
    roles: [Role.WORKLOAD],
    fio: { path: "/usr/bin/fio", version: "fio-3.33" },
    devices: names.map((name) => ({
      name,
      sizeBytes,
      ...(storage ? { disk: { serial: "s" } } : { path: "/data/disk" }),
    })),
    deviceHashes: Object.fromEntries(names.map((name) => [name, "1"])),
  });
}

test.each(agentFiles)(
  "%s is an agent of a lab, at its address, and has the devices that studies name",
  async (file) => {
    const config = await loadAgentConfig(file);
    const labs = await Promise.all(labFiles.map(loadLab));
    const addresses = labs.flatMap(({ message }) =>
      message.agents.filter(({ id }) => id === config.id).map(({ address }) => address),
    );
    expect(addresses).toContain(config.listen);

    const studies = await Promise.all(studyFiles.map(loadStudy));
    const participants = studies.flatMap(({ message }) =>
      message.scenarios.flatMap(({ participants }) => participants),
    );
    const named = participants.filter(({ agent }) => agent === config.id).map(({ device }) => device);
    expect(named.length).toBeGreaterThan(0);
    expect(config.devices.map(({ name }) => name)).toEqual(expect.arrayContaining(named));
  },
);

test("the article's study is its four templates: eight jobs with sixteen in flight, past the page cache", async () => {
  const article = studyFiles.find((file) => file.endsWith("/article.yaml"));
  const { message: study } = await loadStudy(article!);
  expect(study.workloads.map(({ name, blockSizeBytes }) => `${name} ${blockSizeBytes}`)).toEqual([
    "4k-randread 4096",
    "4k-randwrite 4096",
    "64k-read 65536",
    "64k-write 65536",
  ]);
  for (const workload of study.workloads)
    expect(workload).toMatchObject({ jobs: 8, queueDepth: 16, direct: true, rampMs: 2000, durationMs: 30_000 });
});

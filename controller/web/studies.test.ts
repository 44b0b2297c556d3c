import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { LabSchema, Role } from "@salvo/proto/lab_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listStudies, planFile } from "./studies.ts";

const LAB = create(LabSchema, { name: "x", agents: [{ id: "g1", address: "127.0.0.1:1", roles: [Role.WORKLOAD] }] });
const study = (agent: string) =>
  JSON.stringify({
    name: "s",
    description: "Why?",
    repeats: 3,
    scenarios: [{ name: "local", participants: [{ agent, device: "disk" }] }],
    workloads: [{ name: "w", pattern: "read", blockSize: "4KiB", ramp: "1s", duration: "2s" }],
  });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-studies-"));
  await writeFile(join(folder, "good.yaml"), study("g1"));
  await writeFile(join(folder, "misfit.yml"), study("g2"));
  await writeFile(join(folder, "broken.yaml"), "name: [");
  await writeFile(join(folder, "notes.txt"), study("g1"));
  await writeFile(join(folder, ".hidden.yaml"), study("g1"));
});
afterEach(() => rm(folder, { recursive: true }));

test("the folder's studies are told with their runs and time, or why they cannot run", async () => {
  expect(await listStudies(folder, LAB)).toEqual([
    { file: "broken.yaml", description: "", runs: 0, seconds: 0, problem: expect.stringContaining("broken.yaml:1") },
    { file: "good.yaml", description: "Why?", runs: 3, seconds: expect.any(Number) },
    { file: "misfit.yml", description: "", runs: 0, seconds: 0, problem: expect.stringContaining("g2") },
  ]);
  const { specs } = await planFile(folder, "good.yaml", LAB);
  expect(specs.map(({ studyText }) => studyText)).toEqual(Array.from({ length: 3 }, () => study("g1")));
});

test.for(["../good.yaml", "/etc/passwd", "notes.txt", ".hidden.yaml", "", "a/good.yaml"])(
  "a name that the folder does not offer is not opened: %s",
  async (file) => {
    await expect(planFile(folder, file, LAB)).rejects.toMatchObject({ kind: "not-found" });
  },
);

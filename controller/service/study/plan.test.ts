import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { LabSchema, Role } from "@salvo/proto/lab_pb.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { planStudyFile } from "./plan.ts";

const LAB = create(LabSchema, { name: "x", agents: [{ id: "g1", address: "127.0.0.1:1", roles: [Role.WORKLOAD] }] });
const TEXT = `# why it is run
name: short
description: Is everything well?
repeats: 2
scenarios:
  - name: local
    participants: [{ agent: g1, device: disk }]
workloads:
  - { name: w, pattern: read, blockSize: 4KiB, duration: 2s }
`;

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "salvo-plan-"))));
afterEach(() => rm(folder, { recursive: true }));

async function planned(text: string) {
  const file = join(folder, "short.yaml");
  await writeFile(file, text);
  return planStudyFile(file, { lab: LAB, now: new Date("2026-12-01T04:30:00Z"), tags: { firmware: "1.2" } });
}

test("each run of a study file has the file's text, the tags, and its place among the runs", async () => {
  const { specs, description, placeOf } = await planned(TEXT);
  expect(description).toBe("Is everything well?");
  expect(specs).toHaveLength(2);
  for (const [index, spec] of specs.entries()) {
    expect(spec).toMatchObject({ studyText: TEXT, tags: { firmware: "1.2" }, number: index + 1, planned: 2 });
    expect(spec.run).toMatch(new RegExp(`^20261201-0430-00${index + 1}-w-[0-9a-f]{4}$`));
  }
  expect(placeOf("local", "g1", "disk")).toBe(`${join(folder, "short.yaml")}:7:41`);
});

test("a study that does not fit the lab is refused with file and line", async () => {
  await expect(planned(TEXT.replace("agent: g1", "agent: g2"))).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("short.yaml:7"),
  });
});

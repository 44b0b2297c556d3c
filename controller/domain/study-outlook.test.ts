import { loadLab, loadStudy } from "@salvo/shared/config/files.ts";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { planText } from "../cli/plan-text.ts";
import { planRuns } from "./matrix.ts";
import { outlookOf } from "./study-outlook.ts";

const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

async function specs(studyFile: string, repeats: number) {
  const [study, lab] = await Promise.all([loadStudy(file(studyFile)), loadLab(file("labs/storage.yaml"))]);
  let runs = 0;
  return planRuns({ study: study.message, lab: lab.message, repeats, seed: 9, newRunId: () => `run${++runs}` });
}

test("an outlook says runs, order, time, and what each host does, without asking anybody", async () => {
  const runs = await specs("studies/iser-vs-iscsi.yaml", 2);
  const outlook = outlookOf(runs);
  expect(outlook).toMatchObject({ runs: 16, storages: 4 });
  expect(outlook.order.map(({ repeat, workloads }) => `${repeat}: ${workloads.length}`)).toEqual([
    "1: 4",
    "1: 4",
    "2: 4",
    "2: 4",
  ]);
  expect(outlook.measuringMs).toBe(
    runs.reduce((sum, { workload }) => sum + workload!.rampMs + workload!.durationMs, 0),
  );
  expect(outlook.expectedMs).toBeGreaterThan(outlook.measuringMs);
  const target = outlook.hosts.find(({ agent }) => agent === "target");
  expect(target?.does).toContain("samples its cores, disks and network interfaces");
  expect(target?.does.filter((sentence) => sentence.startsWith("makes the storage of scenario"))).toHaveLength(2);
  const guest = outlook.hosts.find(({ agent }) => agent !== "target");
  expect(guest?.does).toContain("overwrites lun1 in scenario iser");
  expect(guest?.does).toContain("reads from lun1 in scenario iser");
  const text = planText(runs, { data: "/data" });
  expect(text).toContain("study iser-vs-iscsi on lab storage: 16 runs, about");
  expect(text).toContain("writes 16 folders in /data/runs");
  expect(text).toMatch(/Nothing was asked of any agent, and nothing was written\.\n$/);
});

test("runs know which of the study they are, and from which seed their order came", async () => {
  const runs = await specs("studies/iser-vs-iscsi.yaml", 2);
  expect(runs.map(({ number }) => number)).toEqual(runs.map((_, index) => index + 1));
  expect(runs[0]).toMatchObject({ planned: 16, studySeed: 9, studyDescription: expect.stringContaining("iSER") });
});

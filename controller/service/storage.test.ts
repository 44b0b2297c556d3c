import { create } from "@bufbuild/protobuf";
import { LabAgentSchema } from "@salvo/proto/lab_pb.ts";
import { PlanSchema, type StepProgress, StepProgressSchema } from "@salvo/proto/storage_pb.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAuditedLab } from "./audited-lab.ts";
import { applyPlan, type StorageHost } from "./storage.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-apply-"));
});
afterEach(() => rm(folder, { recursive: true }));

const plan = create(PlanSchema, { steps: [{ id: "make volume a" }, { id: "make volume b" }], hash: "0".repeat(64) });
const progress = (step: number, done: boolean) => create(StepProgressSchema, { step, done });

/** The ids of the steps that were shown. */
async function shown(told: () => AsyncIterable<StepProgress>): Promise<string[]> {
  const lab = await testLab(folder);
  const host: StorageHost = {
    agent: create(LabAgentSchema, { id: "san" }),
    role: "target",
    inspect: async () => ({ items: [], luns: [] }),
    plan: async () => ({ plan, kept: [] }),
    apply: told,
  };
  const steps: string[] = [];
  await applyPlan(host, plan, {
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    what: "lab apply",
    signal: new AbortController().signal,
    onStep: ({ id }) => steps.push(id),
  });
  return steps;
}

test("each step is shown when it was done", async () => {
  const steps = await shown(async function* () {
    for (const step of [0, 1]) yield* [progress(step, false), progress(step, true)];
  });
  expect(steps).toEqual(["make volume a", "make volume b"]);
});

test.each<[string, () => AsyncIterable<StepProgress>]>([
  [
    "begins one step for ever",
    async function* () {
      for (;;) yield progress(0, false);
    },
  ],
  [
    "has done one step for ever",
    async function* () {
      for (;;) yield progress(0, true);
    },
  ],
  [
    "has done a step that the plan does not have",
    async function* () {
      yield progress(4_294_967_295, true);
    },
  ],
])("an agent that %s is not listened to for ever, and it is named", async (_what, told) => {
  await expect(shown(told)).rejects.toMatchObject({
    kind: "corrupt",
    host: "san",
    message: "the agent tells of other steps than those of its plan",
  });
});

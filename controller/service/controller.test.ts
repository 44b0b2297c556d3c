import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { INTERVAL_MS, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { specFile } from "../store/layout.ts";
import { createOpenRun } from "../store/openrun.ts";
import { sealedRuns } from "../store/runs.ts";
import { openAuditedLab } from "./audited-lab.ts";
import { type Controller, openController, type Resumed } from "./controller.ts";
import type { RenewalPace } from "./renewals.ts";

let dataDir: string;
let lab: TestLab;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-controller-"));
  lab = await testLab(join(dataDir, "keys"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const shape = {
  run: "left-open",
  lab: "lab",
  study: "study",
  scenario: "one",
  repeat: 1,
  intervalMs: 1000,
  workload: {
    name: "4k",
    pattern: Pattern.RANDREAD,
    blockSizeBytes: 4096n,
    jobs: 1,
    queueDepth: 1,
    durationMs: 1000,
    engine: Engine.NULL,
  },
  agents: [{ id: "guest1", address: "127.0.0.1:1" }],
  participants: [{ id: "guest1.disk", agent: "guest1", device: "disk" }],
} satisfies MessageInitShape<typeof RunSpecSchema>;
/** Of an agent that nobody is: whoever calls it hears nothing. */
const spec = create(RunSpecSchema, shape);

const options = () => ({ onView() {}, abort: new AbortController().signal });

async function open(pace?: RenewalPace): Promise<Controller> {
  return openController({
    dataDir,
    natsUrl: "nats://127.0.0.1:1",
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    host: "127.0.0.1",
    version: "0.0.0",
    logger: createLogger({ name: "test", level: "error" }),
    ...(pace && { pace }),
  });
}

async function resumeAll(): Promise<Resumed[]> {
  await using controller = await open();
  return Array.fromAsync(controller.resume(options));
}

test("agents are given certificates in mid-run, and all that they measure is there", async () => {
  await using agent = await testAgent({ lab });
  await using controller = await open({ everyMs: 100, leftMs: AGENT_LIFE_MS });
  const { summary } = await controller.run(
    create(RunSpecSchema, {
      ...shape,
      intervalMs: INTERVAL_MS,
      workload: { ...WORKLOAD, durationMs: 3_000 },
      agents: [{ id: "guest1", address: agent.address }],
      participants: [{ id: "guest1.disk1", agent: "guest1", device: "disk1" }],
    }),
    options(),
  );
  expect(["complete", "degraded"], summary?.reason).toContain(summary?.verdict); // a busy machine starts late
  expect(summary?.samples).toMatchObject({ missing: 0 });
  const audit = await readFile(join(agent.folder, "data", "audit.jsonl"), "utf8");
  expect(audit).toMatch(/AgentService\/Fire(.|\n)*IdentityService\/InstallCertificate(.|\n)*AgentService\/Release/);
}, 30_000);

test("a run that never began is not begun by resuming: it is sealed as aborted", async () => {
  await createOpenRun(dataDir, spec);
  const [resumed] = await resumeAll();
  expect(resumed).toMatchObject({
    run: "left-open",
    manifest: { summary: { verdict: "aborted", reason: "the controller ended before anything began" }, agents: [] },
  });
  expect(await sealedRuns(dataDir)).toEqual(["left-open"]);
  expect(await resumeAll()).toEqual([]);
});

test("a run that cannot be brought to its end stays open, and holds up no other", async () => {
  const damaged = await createOpenRun(dataDir, create(RunSpecSchema, { ...spec, run: "damaged" }));
  await writeFile(specFile(damaged), "no spec");
  await mkdir(join(dataDir, "runs", ".open", "died-before-its-spec"));
  await createOpenRun(dataDir, spec);
  expect(await resumeAll()).toMatchObject([
    { run: "damaged", problem: { kind: "corrupt", file: specFile(damaged) } },
    { run: "left-open", manifest: { summary: { verdict: "aborted" } } },
  ]);
  expect(await resumeAll()).toMatchObject([{ run: "damaged" }]);
});

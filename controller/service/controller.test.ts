import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { specFile } from "../store/layout.ts";
import { createOpenRun } from "../store/openrun.ts";
import { sealedRuns } from "../store/runs.ts";
import { openAuditedLab } from "./audited-lab.ts";
import { openController, type Resumed } from "./controller.ts";

let dataDir: string;
let lab: TestLab;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-controller-"));
  lab = await testLab(join(dataDir, "keys"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Of an agent that nobody is: whoever calls it hears nothing. */
const spec = create(RunSpecSchema, {
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
});

async function resumeAll(): Promise<Resumed[]> {
  await using controller = await openController({
    dataDir,
    natsUrl: "nats://127.0.0.1:1",
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    host: "127.0.0.1",
    version: "1.2.3",
    logger: createLogger({ name: "test", level: "error" }),
  });
  return Array.fromAsync(controller.resume(() => ({ onView() {}, abort: new AbortController().signal })));
}

test("a run that never began is not begun by resuming: it is sealed as aborted", async () => {
  await createOpenRun(dataDir, spec);
  const [resumed] = await resumeAll();
  expect(resumed).toMatchObject({
    run: "left-open",
    manifest: { summary: { verdict: "aborted", reason: "the controller was ended before anything began" }, agents: [] },
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

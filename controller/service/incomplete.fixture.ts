/** A run whose agent was out of reach when it was collected, with a real agent behind a cable; for tests. */
import { INTERVAL_MS, type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { create } from "@bufbuild/protobuf";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuditedLab } from "./audited-lab.ts";
import { type Cable, layCable } from "./cable.fixture.ts";
import { type Controller, openController } from "./controller.ts";

export const RUN = "20261130-1200-001-null-abcd";

export interface IncompleteWorld extends AsyncDisposable {
  readonly folder: string;
  readonly dataDir: string;
  readonly lab: TestLab;
  readonly agent: TestAgent;
  readonly cable: Cable;
  readonly spec: RunSpec;
  open(): Promise<Controller>;
}

/** The run is sealed without a record, as there is no NATS either; the agent has all of them, and the cable is not there. */
export async function incompleteRun(): Promise<IncompleteWorld> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-incomplete-"));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const lab = await testLab(folder, "lab");
  const agent = undo.use(await testAgent({ lab }));
  const cable = undo.use(await layCable(() => agent.address));
  const dataDir = join(folder, "data");
  const spec = create(RunSpecSchema, {
    run: RUN,
    lab: "lab",
    study: "study",
    scenario: "one",
    repeat: 1,
    intervalMs: INTERVAL_MS,
    workload: WORKLOAD,
    agents: [{ id: "guest1", address: cable.address }],
    participants: [{ id: "guest1.disk1", agent: "guest1", device: "disk1" }],
  });
  const open = async () =>
    openController({
      dataDir,
      natsUrl: "nats://127.0.0.1:1",
      lab: await openAuditedLab(lab, lab.folder, "test@here"),
      host: "127.0.0.1",
      version: "0.0.0",
      logger: createLogger({ name: "test", level: "error" }),
    });
  await using controller = await open();
  await controller.run(spec, {
    abort: new AbortController().signal,
    onView: ({ phase }) => phase === "clock-again" && void cable.remove(),
  });
  const kept = undo.move();
  return { folder, dataDir, lab, agent, cable, spec, open, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

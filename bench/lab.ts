import { join } from "node:path";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { planRuns } from "@salvo/controller/domain/matrix.ts";
import { VERSION } from "@salvo/controller/cli/version.ts";
import { openController } from "@salvo/controller/service/controller.ts";
import { openAuditedLab } from "@salvo/controller/service/audited-lab.ts";
import type { LiveView } from "@salvo/controller/service/live.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { type BenchAgent, startBenchAgent } from "./agent.ts";

/** Agents as processes of their own, a controller in this one, its nats-server, and real runs on all of them. */
export interface BenchLab extends AsyncDisposable {
  readonly agents: readonly BenchAgent[];
  /** Runs it on the first `agents` of them. Throws when the archive is not whole; one that began late on a busy machine is. */
  run(workload: WorkloadShape, options?: BenchRunOptions): Promise<Manifest>;
}

/** A workload as in a study file. */
export interface WorkloadShape {
  readonly name: string;
  readonly [field: string]: string | number | boolean;
}

export interface BenchRunOptions {
  readonly agents?: number;
  readonly interval?: string;
  readonly onView?: (view: LiveView) => void;
}

export interface BenchLabOptions {
  readonly folder: string;
  readonly dataFolder: string;
  readonly agents: number;
  /** The program that an agent is to take for fio; it may be made in the agent's home. */
  readonly fio: (home: string) => Promise<string>;
  readonly scratchSize: string;
}

export async function startBenchLab({
  folder,
  dataFolder,
  agents: count,
  fio,
  scratchSize,
}: BenchLabOptions): Promise<BenchLab> {
  await using undo = new AsyncDisposableStack();
  const ids = Array.from({ length: count }, (_, index) => `agent${index + 1}`);
  const identities = await testLab(folder);
  const agents = await Promise.all(
    ids.map(async (id) =>
      undo.use(await startBenchAgent({ id, folder, dataFolder, lab: identities, fio, scratchSize })),
    ),
  );
  const controller = undo.use(
    await openController({
      dataDir: join(dataFolder, "controller"),
      natsUrl: undefined,
      version: VERSION,
      lab: await openAuditedLab(identities, identities.folder, "bench"),
      host: "127.0.0.1",
      logger: createLogger({ name: "bench", level: "warn" }),
    }),
  );
  const lab = fromPlain(
    LabSchema,
    { name: "bench", agents: agents.map(({ id, address }) => ({ id, address, roles: ["workload"] })) },
    "the bench's lab",
  ).message;
  let runs = 0;

  async function run(workload: WorkloadShape, options: BenchRunOptions = {}): Promise<Manifest> {
    const { agents: taking = count, interval = "1s", onView = () => {} } = options;
    const participants = ids.slice(0, taking).map((agent) => ({ agent, device: "scratch" }));
    const plain = { name: "bench", interval, scenarios: [{ name: "local", participants }], workloads: [workload] };
    const study = fromPlain(StudySchema, plain, "the bench's study").message;
    const [spec] = planRuns({ study, lab, newRunId: () => `bench-${String(++runs).padStart(4, "0")}` });
    if (!spec) throw new Error("bug: a study of one run has one");
    const manifest = await controller.run(spec, { onView, abort: new AbortController().signal });
    const { verdict, reason } = manifest.summary ?? {};
    if (verdict === "complete" || verdict === "degraded") return manifest;
    throw new SalvoError("program-failed", `run ${spec.run} of the bench is ${verdict}: ${reason}`);
  }

  const lives = undo.move();
  return { agents, run, [Symbol.asyncDispose]: () => lives.disposeAsync() };
}

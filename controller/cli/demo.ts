import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { StudySchema } from "@salvo/proto/study_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { matchesGlob } from "../domain/glob.ts";
import { operator } from "@salvo/shared/audit/operator.ts";
import { checkOwn } from "@salvo/shared/process/hold-folder.ts";
import { initLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { openAuditedLab } from "../service/audited-lab.ts";
import { planStudy } from "../service/study/plan.ts";
import { runStudy } from "../service/study/runner.ts";
import { startDemoAgents } from "./demo-agents.ts";
import type { Io } from "./io.ts";
import { cliLogger } from "./logger.ts";
import { writeReport } from "./report.ts";
import { showStudy, stopStudy } from "./study-show.ts";
import { VERSION } from "./version.ts";

export interface DemoCommand {
  readonly agents: number;
  readonly seconds: number;
  readonly workload?: string;
  readonly fio: string;
  readonly out: string;
  readonly json?: boolean;
}

const AGENTS_MAX = 64;

/** The load templates of the article that Salvo began with: eight jobs of queue depth 16 each. */
const ARTICLE_JOBS = 8;
const ARTICLE_TEMPLATES = [
  { name: "4k-randread", pattern: "randread", blockSize: "4KiB" },
  { name: "4k-randwrite", pattern: "randwrite", blockSize: "4KiB" },
  { name: "64k-read", pattern: "read", blockSize: "64KiB" },
  { name: "64k-write", pattern: "write", blockSize: "64KiB" },
] as const;

export async function runDemo(
  { agents: count, seconds, workload, fio, out, json = false }: DemoCommand,
  io: Io,
): Promise<number> {
  if (count > AGENTS_MAX)
    throw new SalvoError("invalid-input", `${count} agents on one machine would measure nothing but the machine`, {
      remedy: `At most ${AGENTS_MAX}; each is a process of its own with a scratch file of 64 MiB.`,
    });
  const names = ARTICLE_TEMPLATES.map(({ name }) => name);
  if (workload !== undefined && !names.some((name) => matchesGlob(workload, name)))
    throw new SalvoError("invalid-input", `the demo has no workload ${workload}`, {
      remedy: `It has ${names.join(", ")}.`,
    });
  const folder = resolve(out);
  const jobs = Math.max(1, Math.min(ARTICLE_JOBS, Math.floor(availableParallelism() / count)));
  using stop = stopStudy(io);
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const notes = jobs < ARTICLE_JOBS ? [jobsNote(jobs, count)] : [];
  for (const note of notes) say(note);
  const study = fromPlain(StudySchema, demoStudy({ count, seconds, jobs }), "the demo's study");

  say(`starting ${count} agents, each with a scratch file of its own in ${folder}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkOwn(folder);
  const place = join(folder, "agents");
  await rm(place, { recursive: true, force: true }); // of a demo that was killed
  const identities = await initLabFolder(join(place, "lab"), "demo", Date.now());
  await using made = new AsyncDisposableStack();
  made.defer(() => rm(place, { recursive: true, force: true }));
  await using agents = await startDemoAgents({ count, fio, folder: place, lab: identities, signal: stop.signal });
  const lab = fromPlain(
    LabSchema,
    { name: "demo", agents: agents.addresses.map(({ id, address }) => ({ id, address, roles: ["workload"] })) },
    "the demo's lab",
  );
  const specs = planStudy({
    study: study.message,
    lab: lab.message,
    notes,
    now: new Date(),
    ...(workload !== undefined && { only: `*/${workload}` }),
  });
  const data = join(folder, "data");
  const events = runStudy(specs, {
    dataDir: data,
    lab: lab.message,
    identities: await openAuditedLab(identities, join(place, "lab"), operator()),
    version: VERSION,
    logger: cliLogger(),
    signal: stop.signal,
  });
  const { summaries, exitCode } = await showStudy(events, { io, json });
  if (summaries.length > 0) {
    const runs = summaries.map(({ run }) => run);
    say(`report: ${await writeReport(data, runs, join(folder, "report.html"))}`);
  }
  return exitCode;
}

function demoStudy({
  count,
  seconds,
  jobs,
}: {
  readonly count: number;
  readonly seconds: number;
  readonly jobs: number;
}) {
  return {
    name: "demo",
    order: "written",
    description: "The article's four templates, on scratch files of this machine",
    scenarios: [
      {
        name: "local",
        participants: Array.from({ length: count }, (_, index) => ({ agent: `agent${index + 1}`, device: "scratch" })),
      },
    ],
    workloads: ARTICLE_TEMPLATES.map((template) => ({
      ...template,
      jobs,
      queueDepth: 16,
      ramp: "1s",
      duration: `${seconds}s`,
    })),
  };
}

function jobsNote(jobs: number, agents: number): string {
  const cores = availableParallelism();
  return `${jobs} ${jobs === 1 ? "job" : "jobs"} per agent instead of the ${ARTICLE_JOBS} of studies/article.yaml: ${agents} agents share ${cores} ${cores === 1 ? "core" : "cores"}`;
}

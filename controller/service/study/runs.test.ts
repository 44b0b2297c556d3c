import { create } from "@bufbuild/protobuf";
import { type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { LabSchema, OnLoss } from "@salvo/proto/lab_pb.ts";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOpenRun } from "../../store/openrun.ts";
import { sealedRuns } from "../../store/runs.ts";
import { openAuditedLab } from "../audited-lab.ts";
import { openController } from "../controller.ts";
import type { StudyPlace } from "./deps.ts";
import type { StudyEvent } from "./events.ts";
import { finishStudies, runStudy } from "./runner.ts";
import { runInOrder } from "./runs.ts";
import { studyStorage } from "./storage.ts";

let folder: string;
let lab: TestLab;
let agent: TestAgent;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-study-"));
  lab = await testLab(folder);
  agent = await testAgent({ lab });
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function spec(run: string, more: { device?: string; address?: string } = {}): RunSpec {
  const { device = "disk1", address = agent.address } = more;
  return create(RunSpecSchema, {
    run,
    lab: "lab",
    study: "study",
    scenario: "local",
    repeat: 1,
    intervalMs: 500,
    workload: WORKLOAD,
    agents: [{ id: "guest1", address, onLoss: OnLoss.ABORT }],
    participants: [{ id: "guest1.disk1", agent: "guest1", device }],
  });
}

async function placeIn(data: string, signal = new AbortController().signal): Promise<StudyPlace> {
  return {
    dataDir: join(folder, data),
    lab: create(LabSchema, { name: "lab", host: "127.0.0.1" }),
    identities: await openAuditedLab(lab, lab.folder, "test@here"),
    version: "0.0.0",
    logger: createLogger({ name: "test", level: "error" }),
    signal,
  };
}

/** Without those of which nobody knows how many there are. */
const shape = (events: readonly StudyEvent[]) =>
  events.filter(({ type }) => type !== "view" && type !== "warning").map(({ type }) => type);

test("a study tells what it does: what was planned, every run with its views and its manifest, and how it ended", async () => {
  const events = await Array.fromAsync(runStudy([spec("run-1"), spec("run-2")], await placeIn("data")));
  expect(shape(events)).toEqual([
    "planned",
    "looked-back",
    "run-begun",
    "run-sealed",
    "run-begun",
    "run-sealed",
    "ended",
  ]);
  expect(events.filter((event) => event.type === "run-begun").map(({ place }) => place)).toEqual([
    { number: 1, of: 2 },
    { number: 2, of: 2 },
  ]);
  const phases = events.flatMap((event) => (event.type === "view" ? [event.view.phase] : []));
  expect(phases[0]).toBe("preflight");
  expect(phases.at(-1)).toBe("done");
  expect(events.at(-1)).toEqual({ type: "ended", reason: { type: "done" }, leftBehind: false });
});

test("agents that cannot do their part are refused before anything begins", async () => {
  const place = await placeIn("refused");
  const events: StudyEvent[] = [];
  const study = async () => {
    for await (const event of runStudy([spec("run-1"), spec("run-2", { device: "sda" })], place)) events.push(event);
  };
  await expect(study()).rejects.toMatchObject({ kind: "refused", message: /device sda is not listed/ });
  expect(shape(events)).toEqual(["planned", "looked-back"]);
  expect(await sealedRuns(place.dataDir)).toEqual([]);
});

test("what an earlier life left open is finished before, and alone when there is nothing else to do", async () => {
  const place = await placeIn("left");
  await createOpenRun(place.dataDir, spec("left-open"));
  const events = await Array.fromAsync(finishStudies(place));
  expect(shape(events)).toEqual(["run-begun", "run-sealed", "looked-back", "ended"]);
  expect(events).toContainEqual(expect.objectContaining({ type: "run-begun", place: "resumed" }));
  expect(events).toContainEqual({ type: "looked-back", runs: 1, storage: false });
  expect(await Array.fromAsync(finishStudies(place))).toContainEqual({ type: "looked-back", runs: 0, storage: false });
});

test("a reader of the events that leaves ends the study: its run is stopped and sealed, and no other begins", async () => {
  const place = await placeIn("reader-left");
  for await (const event of runStudy([spec("run-1"), spec("run-2")], place))
    if (event.type === "view" && event.view.phase === "running") break;
  expect(await sealedRuns(place.dataDir)).toEqual(["run-1"]);
  expect(await readdir(join(place.dataDir, "runs", ".open"))).toEqual([]);
  expect(agent.programs()).toEqual([]);
});

test("when the signal is given the present run is stopped and sealed, and no other begins", async () => {
  const stop = new AbortController();
  const place = await placeIn("stopped", stop.signal);
  const events: StudyEvent[] = [];
  for await (const event of runStudy([spec("run-1"), spec("run-2")], place)) {
    events.push(event);
    if (event.type === "view" && event.view.phase === "arming") stop.abort(new Error("enough"));
  }
  expect(shape(events)).toEqual(["planned", "looked-back", "run-begun", "run-sealed", "ended"]);
  expect(events.at(-1)).toEqual({ type: "ended", reason: { type: "stopped" }, leftBehind: false });
});

test("a study whose agent is away stops after the second run in a row, and says how many were not begun", async () => {
  const events: StudyEvent[] = [];
  const place = await placeIn("away");
  await using controller = await openController({
    dataDir: place.dataDir,
    natsUrl: undefined,
    lab: place.identities,
    host: "127.0.0.1",
    version: place.version,
    logger: place.logger,
  });
  const deps = { ...place, emit: (event: StudyEvent) => void events.push(event) };
  const away = ["run-1", "run-2", "run-3", "run-4"].map((run) => spec(run, { address: "127.0.0.1:1" }));
  const reason = await runInOrder(away, controller, studyStorage(deps, controller.channels), deps);
  expect(reason).toEqual({ type: "unreachable", agents: ["guest1"], notBegun: 2 });
  expect(shape(events)).toEqual(["run-begun", "run-sealed", "run-begun", "run-sealed"]);
});

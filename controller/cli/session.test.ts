import { create } from "@bufbuild/protobuf";
import { type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { OnLoss } from "@salvo/proto/lab_pb.ts";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAuditedLab } from "../service/audited-lab.ts";
import { openController } from "../service/controller.ts";
import { cliLogger, openSession } from "./session.ts";

let folder: string;
let lab: TestLab;
let agent: TestAgent;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-session-"));
  lab = await testLab(folder);
  agent = await testAgent({ lab });
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function spec(run: string, device: string): RunSpec {
  return create(RunSpecSchema, {
    run,
    lab: "lab",
    study: "study",
    scenario: "local",
    repeat: 1,
    intervalMs: 500,
    workload: WORKLOAD,
    agents: [{ id: "guest1", address: agent.address, onLoss: OnLoss.ABORT }],
    participants: [{ id: "guest1.disk1", agent: "guest1", device }],
  });
}

test("a session runs in order, shows one line of each, and stdout has results and nothing else", async () => {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { isTTY: true, columns: 200, write: (text: string) => err.push(text) },
  };
  using session = openSession({ io, json: true });
  await using controller = await openController({
    dataDir: join(folder, "data"),
    natsUrl: undefined,
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    host: "127.0.0.1",
    version: "0.0.0",
    logger: cliLogger(),
  });
  expect(await session.resumeAll(controller)).toEqual([]);
  const manifests = await session.runAll(controller, [spec("run-1", "disk1"), spec("run-2", "sda")]);
  expect(manifests.map(({ spec }) => spec?.run)).toEqual(["run-1", "run-2"]);
  expect(session.conclude(manifests)).toBe(5);

  const results = out.map((line): unknown => JSON.parse(line));
  expect(results).toMatchObject([
    { run: "run-1", workload: "null", participants: 1 },
    { run: "run-2", verdict: "aborted", reason: expect.stringContaining("device sda is not listed") },
  ]);
  // Each run's line is drawn over and over, and ended before anything else is said.
  const lines = err.join("").split("\n");
  expect(lines[0]).toMatch(/^\[1\/2\] local\/null {2}looking at the agents\r/);
  expect(lines[0]).toMatch(/\[2K\[1\/2\] local\/null {2}done$/);
  expect(lines.find((line) => line.startsWith("[2/2]"))).toMatch(/\[2\/2\] local\/null {2}done$/);
  expect(lines.at(-2)).toMatch(/^run-2: aborted: .*device sda is not listed/);
});

test("a study whose agent is away stops after the second run in a row, and says how many were not begun", async () => {
  const err: string[] = [];
  const io = { stdout: { write: () => true }, stderr: { write: (text: string) => err.push(text) } };
  using session = openSession({ io, json: true });
  await using controller = await openController({
    dataDir: join(folder, "away"),
    natsUrl: undefined,
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    host: "127.0.0.1",
    version: "0.0.0",
    logger: cliLogger(),
  });
  const away = ["run-1", "run-2", "run-3", "run-4"].map((run) => spec(run, "disk1"));
  for (const { agents } of away) agents[0]!.address = "127.0.0.1:1";
  const manifests = await session.runAll(controller, away);
  expect(manifests.map(({ summary }) => summary?.run)).toEqual(["run-1", "run-2"]);
  expect(err.at(-1)).toBe("guest1 cannot be reached, twice in a row: 2 more runs were not begun\n");
  expect(session.conclude(manifests)).toBe(5);
});

/** Whole runs with a real agent whose answers are altered: each is sealed, and no later run is held up. */
import { create, toBinary } from "@bufbuild/protobuf";
import { INTERVAL_MS, type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRuns, sealedRuns } from "../store/runs.ts";
import { type Altered, alteringAgent, passedOn } from "./altering-agent.fixture.ts";
import { openAuditedLab } from "./audited-lab.ts";
import { type Controller, openController } from "./controller.ts";

let dataDir: string;
let agent: TestAgent;
let controller: Controller;
const logged: string[] = [];
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "salvo-hostile-agent-"));
  const lab: TestLab = await testLab(join(dataDir, "keys"));
  agent = await testAgent({ lab });
  controller = await openController({
    dataDir,
    natsUrl: "nats://127.0.0.1:1",
    lab: await openAuditedLab(lab, lab.folder, "test@here"),
    host: "127.0.0.1",
    version: "0.0.0",
    logger: createLogger({
      name: "test",
      level: "error",
      env: {},
      destination: { write: (line) => logged.push(line) },
    }),
  });
});
afterAll(async () => {
  await controller[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true });
});

let runs = 0;

async function runWith(altered: Altered) {
  await using hostile = await alteringAgent(agent, altered);
  const run = `run-${++runs}`;
  const spec = create(RunSpecSchema, {
    run,
    lab: "lab",
    study: "study",
    scenario: "local",
    repeat: 1,
    intervalMs: INTERVAL_MS,
    workload: WORKLOAD,
    agents: [{ id: "guest1", address: hostile.address }],
    participants: [{ id: "guest1.disk1", agent: "guest1", device: "disk1" }],
  });
  const manifest = await controller.run(spec, { onView() {}, abort: new AbortController().signal });
  expect(await sealedRuns(dataDir)).toContain(run);
  expect(await openRuns(dataDir)).toEqual([]);
  // What the real agent may still hold is not to be in the way of the next one.
  for (const { run: held, phase } of (await agent.client.describe({}, { deadlineMs: 5_000 })).runs) {
    if (phase !== RunPhase.ENDED) await agent.abort(held, "the test is over");
    await agent.client.release({ run: held }, { deadlineMs: 5_000 }).catch(() => {});
  }
  return manifest;
}

const honest = () => passedOn(agent);
const NEVER = -(2n ** 63n);
const long = (chars: number) => "x".repeat(chars);

/** Its clocks agree until the run is over. */
function clockAgain(alter: () => { sentNs?: bigint; receivedNs?: bigint; answeredNs?: bigint }): Altered {
  let probes = 0;
  return {
    async *probeClock(requests, context) {
      probes++;
      for await (const answer of honest().probeClock(requests, context)) {
        const { sentNs = 0n, receivedNs = 0n, answeredNs = 0n } = answer;
        yield { sentNs, receivedNs, answeredNs, ...(probes > 1 && alter()) };
      }
    },
  };
}

test.each<[string, () => Altered, RegExp]>([
  [
    "a clock that shows a time before all times",
    () => ({
      async *probeClock(requests) {
        for await (const { sentNs } of requests) yield { sentNs, receivedNs: NEVER, answeredNs: NEVER };
      },
    }),
    /^guest1: the agent's clock shows -9223372036854775808 ns, which no clock does/,
  ],
  [
    "answers to pings that nobody sent",
    () => ({
      async *probeClock() {
        for (;;) yield { sentNs: NEVER, receivedNs: 1n, answeredNs: 1n };
      },
    }),
    /^guest1: the agent answers a ping of -9223372036854775808 ns/,
  ],
  [
    "a notice of 49 days before T0",
    () => ({
      async arm(request, context) {
        return { ...(await honest().arm(request, context)), noticeMs: 2 ** 32 - 1 };
      },
    }),
    /^guest1: the agent must know of T0 4294967295 ms before it/,
  ],
  [
    "a description of 5 million characters",
    () => ({
      async describe(request, context) {
        const { agent: described, runs: held } = await honest().describe(request, context);
        return { agent: { ...described, bootId: long(5_000_000) }, runs: held ?? [] };
      },
    }),
    /^guest1: the agent describes itself in 5\d{6} characters of JSON/,
  ],
  [
    "a reason of 5 million characters",
    () => ({
      async *watch({ run }) {
        yield { status: { run, phase: RunPhase.ARMED, reason: long(5_000_000) } };
      },
    }),
    /^guest1: x{16000}\.\.\. \(4984000 characters more\)/,
  ],
])("a run with an agent that gives %s is sealed as aborted, and says why", async (_what, altered, reason) => {
  const { summary } = await runWith(altered());
  expect(summary).toMatchObject({ verdict: "aborted", reason: expect.stringMatching(reason) });
});

test.each<[string, () => Altered]>([
  ["was looked at long ago", () => clockAgain(() => ({ sentNs: -(2n ** 62n) }))],
  ["shows another age afterwards", () => clockAgain(() => ({ receivedNs: NEVER, answeredNs: NEVER }))],
])("a run is sealed with an agent whose clock %s, by the first look at it", async (_what, altered) => {
  const { clockBefore, clockAfter, summary } = await runWith(altered());
  expect(clockBefore).toHaveLength(1);
  expect(clockAfter).toEqual([]);
  expect(summary?.samples).toMatchObject({ missing: 0 });
});

test("a run is sealed when an agent gives a record that is longer than any journal takes", async () => {
  const tooLong = toBinary(
    RecordSchema,
    create(RecordSchema, {
      seq: 1,
      body: { case: "final", value: { participant: "guest1.disk1", json: long(6_000_000) } },
    }),
  );
  const { summary, notes } = await runWith({
    async *collect() {
      yield { records: [tooLong] };
    },
  });
  expect(summary).toMatchObject({ verdict: "incomplete" });
  expect(notes).toContainEqual(
    expect.stringMatching(/of guest1 (is|are) left out: (it|each) is longer than any journal/),
  );
});

test("a run in which nobody alters anything is complete after all that", async () => {
  expect((await runWith({})).summary?.samples).toMatchObject({ missing: 0 });
});

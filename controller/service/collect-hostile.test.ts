/** Collecting from an agent whose answers cannot be right, on a real socket: it comes to an end, and the agent is named. */
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentService, RunPhase, type SeqRange } from "@salvo/proto/agent_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { assertValid } from "@salvo/shared/config/rules.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { serve } from "@salvo/shared/rpc/server.ts";
import { implement, type ServiceImpl } from "@salvo/shared/rpc/service.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSpool, type Spool } from "../store/spool.ts";
import { collectRecords } from "./collect.ts";

/** 600 ticks: records up to 14808, more than anybody sends here. */
const spec = create(RunSpecSchema, {
  agents: [{ id: "guest1" }],
  participants: [{ id: "p1", agent: "guest1" }],
  workload: { durationMs: 60_000 },
  intervalMs: 100,
});
let folder: string;
let spool: Spool;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-hostile-"));
  spool = await openSpool(join(folder, "spool"), spec);
});
afterEach(async () => {
  await spool[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Answers {
  readonly lastSeq: number;
  readonly collect: (ranges: readonly SeqRange[]) => Iterable<Uint8Array[]>;
}

const record = (seq: number) =>
  toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "cpu", value: { tick: 1 } } }));

async function collectFrom({ lastSeq, collect }: Answers, into = spool): Promise<number[]> {
  const asked: number[] = [];
  const service: Pick<ServiceImpl<typeof AgentService>, "watch" | "collect"> = {
    async *watch() {
      yield { status: { run: "run-1", phase: RunPhase.ENDED, lastSeq } };
    },
    async *collect({ ranges }) {
      asked.push(ranges.length);
      for (const records of collect(ranges)) yield { records };
    },
  };
  // The methods that are missing are called by nobody here.
  const whole = { ...IDLE, ...service } as ServiceImpl<typeof AgentService>;
  await using server = await serve({
    address: "127.0.0.1:0",
    services: [implement(AgentService, whole)],
    validate: assertValid,
    onBug: (error) => {
      throw error;
    },
  });
  using channel = openChannel(server.address);
  await collectRecords({
    client: createClient(AgentService, channel),
    agent: "guest1",
    run: "run-1",
    spool: into,
    busConnected: () => false,
    reach: { recorded() {}, answered() {}, whole() {}, failed: async () => {} },
    signal: AbortSignal.timeout(20_000),
  });
  return asked;
}

const IDLE = Object.fromEntries(AgentService.methods.map(({ localName }) => [localName, () => {}]));

function* forEver(records: () => Uint8Array[]): Generator<Uint8Array[]> {
  for (;;) yield records();
}

test.each<readonly [string, Answers, RegExp]>([
  [
    "a number of records that no run of the plan can have",
    { lastSeq: 2 ** 31, collect: () => [] },
    /^agent guest1 says that it has 2147483648 records; the run's plan gives it \d+ at most$/,
  ],
  [
    "nothing of what it says that it has",
    { lastSeq: 3, collect: () => [] },
    /^agent guest1 .* does not give 3 of them$/,
  ],
  [
    "all but one",
    { lastSeq: 3, collect: (ranges) => (ranges[0]?.first === 1 ? [[record(1)], [record(3)]] : []) },
    /^agent guest1 says that it has 3 records, and does not give 1 of them$/,
  ],
  ["a record that nobody asked for", { lastSeq: 3, collect: () => [[record(4)]] }, /gives record 4, which it was not/],
  ["the same one again", { lastSeq: 3, collect: () => [[record(1), record(1)]] }, / does not give 2 of them$/],
  [
    "one that came before",
    { lastSeq: 3, collect: () => [[record(2)], [record(1)]] },
    /gives record 1, which it was not/,
  ],
  [
    "the same ones for ever",
    { lastSeq: 3, collect: () => forEver(() => [record(1)]) },
    /gives more records than the 3 /,
  ],
  ["answers without records for ever", { lastSeq: 3, collect: () => forEver(() => []) }, /answers without a record$/],
  ["bytes that are no record", { lastSeq: 3, collect: () => [[Buffer.from([0xff])]] }, / does not give 3 of them$/],
])("an agent that gives %s", async (_what, answers, message) => {
  await expect(collectFrom(answers)).rejects.toMatchObject({
    kind: "corrupt",
    host: "guest1",
    message: expect.stringMatching(message),
  });
});

test("more gaps than a request can name are asked for in several", async () => {
  const lastSeq = 50_001;
  const weeks = { ...spec, workload: { ...spec.workload!, durationMs: 600_000 } };
  await using big = await openSpool(join(folder, "big"), weeks);
  expect(big.limits("guest1").recordsMax).toBeGreaterThan(lastSeq);
  for (let seq = 1; seq <= lastSeq; seq += 2) big.add("guest1", seq, record(seq), "received");
  const asked = await collectFrom({ lastSeq, collect: (ranges) => [ranges.map(({ first }) => record(first))] }, big);
  expect(big.missing("guest1", lastSeq)).toEqual([]);
  expect(asked).toEqual([10_000, 10_000, 5_000]);
}, 30_000);

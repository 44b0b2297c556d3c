import { type TestAgent, testAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AgentService, CollectResponseSchema, RunPhase, WatchResponseSchema } from "@salvo/proto/agent_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { FioSampleSchema, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { type Client, createClient } from "@salvo/shared/rpc/client.ts";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openSpool, type Spool } from "../store/spool.ts";
import { type Cable, layCable } from "./cable.fixture.ts";
import { collectRecords } from "./collect.ts";
import { createReach, type Reach } from "./reach.ts";

const run = "run-1";
const spec = create(RunSpecSchema, {
  agents: [{ id: "guest1" }],
  participants: [{ id: "p1", agent: "guest1" }],
  workload: { durationMs: 60_000 },
  intervalMs: 100,
});
let agent: TestAgent;
let cable: Cable;
let channel: Channel;
let folder: string;
let spool: Spool;
/** What the agent has of its ended run. */
let payloads: Uint8Array[];
let stop: AbortController;
/** What the conductor heard. */
let told: string[];

beforeAll(async () => {
  agent = await testAgent();
  await agent.arm(run);
  await agent.abort(run, "enough to collect");
  const { lastSeq } = (await agent.status(run))!;
  payloads = [];
  for await (const { records } of agent.client.collect({ run, ranges: [{ first: 1, last: lastSeq }] }))
    payloads.push(...records);
});
afterAll(() => agent[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-collect-"));
  spool = await openSpool(join(folder, "spool"), spec);
  cable = await layCable(() => agent.address);
  channel = openChannel(cable.address);
  stop = new AbortController();
  told = [];
});
afterEach(async () => {
  channel[Symbol.dispose]();
  await cable[Symbol.asyncDispose]();
  await spool[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function collect({ of = run, busConnected = false } = {}): Promise<void> {
  return collectRecords({
    client: createClient(AgentService, channel),
    agent: "guest1",
    run: of,
    spool,
    busConnected: () => busConnected,
    reach: reach(),
    signal: stop.signal,
  });
}

function reach(): Reach {
  return createReach({ address: cable.address, nowMs: () => performance.now(), tell: (type) => told.push(type) });
}

async function sources(): Promise<string[]> {
  const found: string[] = [];
  for await (const entries of spool.read("guest1")) found.push(...entries.map(({ source }) => source));
  return found;
}

test("what NATS brought stays as it is, and only the rest is fetched", async () => {
  expect(payloads.length).toBeGreaterThan(3);
  spool.add("guest1", 2, payloads[1]!, "received");
  await collect({ busConnected: true });
  expect(await sources()).toEqual(payloads.map((_, index) => (index === 1 ? "received" : "backfilled")));
  await collect();
  expect(await sources()).toHaveLength(payloads.length);
});

test("what is still on its way is waited for, and not fetched as well", async () => {
  for (const [index, payload] of payloads.slice(0, -1).entries()) spool.add("guest1", index + 1, payload, "received");
  let asked = 0;
  const late = {
    client: createClient(AgentService, channel),
    agent: "guest1",
    run,
    spool,
    reach: reach(),
    // Looked at once, before the wait: the last record comes while it waits, and could not be fetched.
    busConnected: () => {
      asked++;
      void cable.cut();
      setImmediate(() => spool.add("guest1", payloads.length, payloads.at(-1)!, "received"));
      return true;
    },
    signal: stop.signal,
  };
  await collectRecords(late);
  expect(asked).toBe(1);
  expect(new Set(await sources())).toEqual(new Set(["received"]));
});

test("what NATS brought altered is asked for, and the agent's own record counts", async () => {
  const altered = fromBinary(RecordSchema, payloads[1]!);
  altered.body = { case: "fio", value: create(FioSampleSchema, { participant: "p1", tick: 100_000 }) };
  spool.add("guest1", 2, toBinary(RecordSchema, altered), "received");
  await collect({ busConnected: true });
  expect(await sources()).toEqual(payloads.map(() => "backfilled"));
  expect(spool.notes()).toEqual([
    "1 record of guest1 is left out: it names a tick that the run does not have (record 2: tick 100000 of 600)",
  ]);
});

test("an agent that says it has more records than the plan can give, or gives bad ones, is asked no more", async () => {
  const { service, asked } = lyingAgent({ lastSeq: 4_000_000_000, records: [...payloads, Uint8Array.of(0xff)] });
  await expect(
    collectRecords({
      client: service,
      agent: "guest1",
      run,
      spool,
      reach: reach(),
      busConnected: () => false,
      signal: stop.signal,
    }),
  ).rejects.toMatchObject({
    kind: "corrupt",
    message: expect.stringMatching(/4000000000 records; .* gives it \d+ at most/),
  });
  expect(asked()).toBe(1);
  expect(await sources()).toHaveLength(payloads.length);
  expect(spool.notes()).toEqual([expect.stringMatching(/^1 record of guest1 is left out: it cannot be decoded/)]);
});

test("an agent that never stops giving is left when it has given more than the plan can have", async () => {
  const big = toBinary(
    RecordSchema,
    create(RecordSchema, { seq: 1, body: { case: "event", value: { text: "x".repeat(100_000) } } }),
  );
  const { service, given } = lyingAgent({ lastSeq: 10_000, records: endlessly(big) });
  await collectRecords({
    client: service,
    agent: "guest1",
    run,
    spool,
    reach: reach(),
    busConnected: () => false,
    signal: stop.signal,
  });
  expect((given() + 1) * big.length).toBeGreaterThan(spool.limits("guest1").bytesMax);
  expect(given() * big.length).toBeLessThan(2 * spool.limits("guest1").bytesMax);
  expect(spool.notes()).toEqual([expect.stringMatching(/^what guest1 sent from the agent itself was cut off after/)]);
});

function* endlessly(payload: Uint8Array): Generator<Uint8Array> {
  for (;;) yield payload;
}

/** Answers as an agent whose program was altered would. */
function lyingAgent({ lastSeq, records }: { lastSeq: number; records: Iterable<Uint8Array> }) {
  let asked = 0;
  let given = 0;
  const service = {
    async *watch() {
      yield create(WatchResponseSchema, { status: { run, phase: RunPhase.ENDED, lastSeq } });
    },
    async *collect() {
      asked++;
      for (const record of records) {
        given++;
        yield create(CollectResponseSchema, { records: [record] });
      }
    },
  } as unknown as Client<typeof AgentService>; // collecting asks nothing else of it
  return { service, asked: () => asked, given: () => given };
}

test("an agent that cannot be reached is asked until it can", async () => {
  const tried = cable.cut();
  const collected = collect();
  await tried;
  cable.mend();
  await collected;
  expect(await sources()).toHaveLength(payloads.length);
  expect(told).toEqual(["heard"]); // a connection that is closed is no refusal
});

test("it is told that an agent's host refuses connections, and that the agent is back", async () => {
  await cable.remove();
  const refused = vi.waitUntil(() => told.length > 0, { interval: 5, timeout: 5_000 });
  const collected = collect();
  await refused;
  expect(told).toEqual(["refused"]);
  await cable.layAgain();
  await collected;
  expect(told).toEqual(["refused", "heard"]);
});

test("an agent that is gone has nothing to give when its last word and all before it are here", async () => {
  for (const [index, payload] of payloads.entries()) spool.add("guest1", index + 1, payload, "received");
  await cable.remove();
  const collecting = collect();
  await vi.waitUntil(() => told.length === 2, { interval: 5, timeout: 5_000 });
  expect(told).toEqual(["whole", "refused"]);
  stop.abort();
  await expect(collecting).rejects.toMatchObject({ kind: "cancelled" });
  await spool[Symbol.asyncDispose]();
  spool = await openSpool(join(folder, "spool"), spec);
  expect(spool.isWhole("guest1")).toBe(true);
});

test("an agent that has the run no more has nothing to give: that is said at once", async () => {
  await expect(collect({ of: "run-2" })).rejects.toMatchObject({
    kind: "not-found",
    message: "agent guest1 has no run run-2",
  });
});

test("to be collected from does not make an agent look at its fio", async () => {
  await using counting = await testAgent({ fioScript: `echo "$1" >> "$(dirname "$0")/asked"; exec fio "$@"` });
  await counting.arm(run);
  await counting.abort(run, "enough");
  await rm(join(counting.folder, "asked"), { force: true });
  await collectRecords({
    client: counting.client,
    agent: "guest1",
    run,
    spool,
    reach: reach(),
    busConnected: () => false,
    signal: stop.signal,
  });
  expect(spool.highest("guest1")).toBeGreaterThan(0);
  await expect(stat(join(counting.folder, "asked"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a run that has not ended is waited for, until somebody gives up", async () => {
  await agent.arm("run-3");
  const collected = collect({ of: "run-3" });
  await agent.abort("run-3", "now");
  await collected;
  expect(spool.highest("guest1")).toBe((await agent.status("run-3"))!.lastSeq);

  await agent.arm("run-4");
  const never = collect({ of: "run-4" });
  stop.abort(new SalvoError("timeout", "too long"));
  await expect(never).rejects.toMatchObject({ kind: "timeout", message: "too long" });
  await agent.abort("run-4", "over");
});

/** The Windows agent's own parts behind the real service, on a real socket; the system below is this one. Under Wine: e2e. */
import { create, fromBinary } from "@bufbuild/protobuf";
import { AgentService, RunPhase } from "@salvo/proto/agent_pb.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { type CpuSample, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import type { CoreCounters } from "@salvo/shared/agent/domain/counters.ts";
import { linuxTime } from "@salvo/shared/agent/host-time.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import { type ServedAgent, serveAgent } from "@salvo/shared/agent/serve.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { insecure } from "@salvo/shared/rpc/credentials.ts";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { windowsPlatform } from "./platform.ts";

/** In place of Windows' own calls. */
let passedMs = 0;
function readCores(): CoreCounters[] {
  passedMs += 10;
  const core = { userMs: passedMs, systemMs: 0, irqMs: 0, softirqMs: 1, stealMs: 0, idleMs: passedMs, iowaitMs: 0 };
  return [core, core];
}

const HASH = "0".repeat(64);
const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let folder: string;
let agent: ServedAgent;
let channel: Channel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-windows-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const config = create(AgentConfigSchema, { id: "san1", listen: "127.0.0.1:0", dataDir: folder, fio: "no-such-fio" });
  agent = await serveAgent({
    config,
    platform: windowsPlatform(config, {
      time: linuxTime,
      powerShell: { call: async () => ({ hypervisorPresent: true }) },
      processors: {
        nodes: () => undefined,
        read: () => ({ mask: 1n, system: 1n }),
        set: () => ({ mask: 1n, system: 1n }),
      },
      readCores,
      openInterfaces: () => () => [],
      diskUnder: () => undefined,
      allDisks: () => [],
    }),
    version: "0.0.0",
    log: createLogger({ name: "agent", level: "silent", env: {} }),
  });
  undo.use(agent);
  channel = undo.use(openChannel(agent.address, { credentials: insecure }));
});

const client = () => createClient(AgentService, channel);

test("it describes itself, with its roles, what is wrong with its fio, and one boot", async () => {
  const { agent: first } = await client().describe({}, { deadlineMs: 5_000 });
  expect(first).toMatchObject({
    id: "san1",
    roles: [Role.WORKLOAD, Role.TARGET, Role.INITIATOR],
    host: { virtualization: "unknown" },
  });
  expect(first?.fio).toMatchObject({ path: "no-such-fio", problem: expect.stringContaining("no-such-fio") });
  const { agent: second } = await client().describe({}, { deadlineMs: 5_000 });
  expect(second?.bootId).toBe(first?.bootId);
});

test("its clock can be probed", async () => {
  const sentNs = systemClock.now();
  const pings = (async function* () {
    yield { sentNs };
  })();
  for await (const { receivedNs, answeredNs, ...echo } of client().probeClock(pings, { deadlineMs: 5_000 })) {
    expect(echo).toMatchObject({ sentNs });
    expect(receivedNs).toBeGreaterThan(sentNs);
    expect(answeredNs).toBeGreaterThanOrEqual(receivedNs);
  }
});

test("a run is refused before anything of it is made", async () => {
  const workload = { name: "w", pattern: Pattern.RANDREAD, blockSizeBytes: 4096n, jobs: 1, queueDepth: 1 };
  const participants = [{ id: "p1", device: "disk", deviceHash: HASH }];
  const request = {
    run: "run-1",
    participants,
    workload: { ...workload, durationMs: 1_000, engine: Engine.NULL },
    intervalMs: 500,
    planHash: HASH,
  };
  await expect(client().arm(request, { deadlineMs: 5_000 })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("run run-1: workload w or its"),
  });
  expect(await readdir(join(folder, "runs"))).toEqual([]);
});

test("it observes a run: the cores at every tick", async () => {
  const workload = create(WorkloadSchema, {
    name: "w",
    pattern: Pattern.RANDREAD,
    blockSizeBytes: 4096n,
    jobs: 1,
    queueDepth: 1,
    durationMs: 1_000,
    engine: Engine.NULL,
  });
  const plan = { run: "run-1", participants: [], workload, intervalMs: 500 };
  const hash = planHash(plan);
  const deadlineMs = 10_000;
  await client().arm({ ...plan, planHash: hash }, { deadlineMs });
  const watch = client().watch({ run: "run-1" }, { deadlineMs });
  let { value } = await watch.next();
  const t0Ns = systemClock.now() + 300_000_000n;
  await client().fire({ run: "run-1", nonce: "nonce-of-sixteen-or-more", t0Ns, planHash: hash }, { deadlineMs });
  while (value?.status?.phase !== RunPhase.ENDED) ({ value } = await watch.next());
  const samples: CpuSample[] = [];
  for await (const { records } of client().collect(
    { run: "run-1", ranges: [{ first: 1, last: 99 }] },
    { deadlineMs },
  )) {
    for (const bytes of records) {
      const { body } = fromBinary(RecordSchema, bytes);
      if (body.case === "cpu") samples.push(body.value);
    }
  }
  expect(samples).toMatchObject([
    { tick: 1, gap: false },
    { tick: 2, gap: false },
  ]);
  expect(samples[0]?.cores).toHaveLength(2);
});

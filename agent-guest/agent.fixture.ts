/** A real Linux agent in this process, on a real socket, with real fio; for tests. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary } from "@bufbuild/protobuf";
import { AgentService, HostSchema, type RunStatus } from "@salvo/proto/agent_pb.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { type Record as JournalEntry, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { offeredRoles, type Platform } from "@salvo/shared/agent/platform.ts";
import { type ServedAgent, serveAgent } from "@salvo/shared/agent/serve.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { type Client, createClient } from "@salvo/shared/rpc/client.ts";
import { insecure, mutualTls } from "@salvo/shared/rpc/credentials.ts";
import { readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linuxPlatform } from "./platform.ts";

export interface TestAgent extends AsyncDisposable {
  readonly folder: string;
  readonly address: string;
  readonly client: Client<typeof AgentService>;
  /** What it logged: JSON lines. */
  readonly logged: string[];
  /** Stops the agent and starts another one on the same folder. */
  restart(): Promise<void>;
  arm(run: string, more?: ArmChange): Promise<RunStatus>;
  /** Fires what was armed, with 300 ms of notice. */
  fire(
    run: string,
    more?: { readonly nonce?: string; readonly t0Ns?: bigint; readonly planHash?: string },
  ): Promise<RunStatus>;
  abort(run: string, reason: string): Promise<RunStatus>;
  /** A watch as a controller keeps it. */
  watch(run: string): Watch;
  status(run: string): Promise<RunStatus | undefined>;
  /** All records that it has of a run. */
  records(run: string): Promise<JournalEntry[]>;
  /** Programs at work in its folder: fio, and the shells at its gates. */
  programs(): number[];
}

export interface ArmChange {
  readonly participants?: { readonly id: string; readonly device: string }[];
  readonly workload?: MessageInitShape<typeof WorkloadSchema>;
  /** What the devices were when the run was planned, by name, where that is not what they are. */
  readonly planned?: Readonly<Record<string, string>>;
  /** Gives up arming. */
  readonly signal?: AbortSignal;
}

/** Disposing of it cancels the call. */
export interface Watch extends AsyncDisposable {
  /** The next status. Throws what ended the call. */
  next(): Promise<RunStatus>;
  /** Reads on until a status is as it should be. */
  until(is: (status: RunStatus) => boolean): Promise<RunStatus>;
}

export const INTERVAL_MS = 500;
/** Of a device that the agent does not know, or of a run that was not armed. */
export const NO_HASH = "0".repeat(64);
export const NONCE = "nonce-of-sixteen-or-more";

/** One second, two ticks of the null engine: real gates, dumps and ends, and hardly any load. */
export const WORKLOAD = {
  name: "null",
  pattern: Pattern.RANDREAD,
  blockSizeBytes: 4096n,
  jobs: 2,
  queueDepth: 1,
  durationMs: 1_000,
  engine: Engine.NULL,
} satisfies MessageInitShape<typeof WorkloadSchema>;

export interface TestAgentOptions {
  /** A shell script that is run in place of fio. */
  readonly fioScript?: string;
  /** host:port; a free port on 127.0.0.1, if nothing else is said. */
  readonly listen?: string;
  /** Instead of two files. */
  readonly devices?: readonly Device[];
  readonly disks?: Disks;
  /** The agent is enrolled there; without it there are no certificates. */
  readonly lab?: TestLab;
  /** Instead of this host's. */
  readonly platform?: Platform;
  /** Besides workloads: what stands for this host's own storage, which no test may change. */
  readonly storage?: Required<Pick<Platform, "target" | "initiator" | "path">> & Pick<Platform, "hypervisor">;
}

export async function testAgent(options: TestAgentOptions = {}): Promise<TestAgent> {
  const { fioScript, listen = "127.0.0.1:0", devices, lab, platform = thisHost(options) } = options;
  const folder = await mkdtemp(join(tmpdir(), "salvo-agent-"));
  const fio = fioScript === undefined ? "fio" : join(folder, "fio.sh");
  if (fioScript !== undefined) {
    await writeFile(fio, `#!/bin/sh\n${fioScript}\n`);
    await chmod(fio, 0o700);
  }
  const logged: string[] = [];
  const config = create(AgentConfigSchema, {
    id: "guest1",
    listen,
    dataDir: join(folder, "data"),
    identityDir: join(folder, "identity"),
    fio,
    devices: [
      ...(devices ?? ["disk1", "disk2"].map((name) => ({ name, path: join(folder, name), sizeBytes: 65_536n }))),
    ],
  });
  await lab?.enrol(config.id, { folder: config.identityDir, roles: offeredRoles(platform).map(roleName) });
  const credentials = lab
    ? mutualTls({ ca: lab.authority.ca, own: lab.controller }, { checkServer: () => undefined })
    : insecure;
  let served: ServedAgent;
  let channel: Channel;
  let client: Client<typeof AgentService>;

  async function start(): Promise<void> {
    served = await serveAgent({
      config,
      platform,
      ...(lab && { identity: await openIdentity(config.identityDir, config.id, Date.now()) }),
      version: "0.0.0",
      log: createLogger({ name: "agent", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } }),
    });
    channel = openChannel(served.address, { credentials });
    client = createClient(AgentService, channel);
  }

  async function stop(): Promise<void> {
    channel[Symbol.dispose]();
    await served[Symbol.asyncDispose]();
  }

  await start();
  const armed = new Map<string, string>();
  const deadlineMs = 20_000;
  const agent: TestAgent = {
    folder,
    get address() {
      return served.address;
    },
    get client() {
      return client;
    },
    logged,
    async restart() {
      await stop();
      await start();
    },
    async arm(run, { participants = [{ id: "p1", device: "disk1" }], workload = WORKLOAD, planned, signal } = {}) {
      const { agent: described } = await client.describe({}, { deadlineMs });
      const hashes = { ...described?.deviceHashes, ...planned };
      const plan = {
        run,
        participants: participants.map((each) => ({ ...each, deviceHash: hashes[each.device] ?? NO_HASH })),
        workload: create(WorkloadSchema, workload),
        intervalMs: INTERVAL_MS,
      };
      armed.set(run, planHash(plan));
      const { status } = await client.arm(
        { ...plan, planHash: planHash(plan) },
        { deadlineMs, ...(signal && { signal }) },
      );
      return known(status);
    },
    async fire(run, more = {}) {
      const request = { nonce: NONCE, t0Ns: systemClock.now() + 300_000_000n, planHash: armed.get(run) ?? NO_HASH };
      return known((await client.fire({ run, ...request, ...more }, { deadlineMs })).status);
    },
    async abort(run, reason) {
      return known((await client.abort({ run, reason }, { deadlineMs })).status);
    },
    watch(run) {
      const leave = new AbortController();
      const statuses = client.watch({ run }, { signal: leave.signal });
      const watch: Watch = {
        async next() {
          const { done, value } = await statuses.next();
          if (done) throw new Error("the watch is over");
          return known(value.status);
        },
        async until(is) {
          for (;;) {
            const status = await watch.next();
            if (is(status)) return status;
          }
        },
        async [Symbol.asyncDispose]() {
          leave.abort();
          await statuses.return();
        },
      };
      return watch;
    },
    async status(run) {
      return (await client.describe({}, { deadlineMs })).runs.find((each) => each.run === run);
    },
    async records(run) {
      const found: JournalEntry[] = [];
      const last = known(await agent.status(run)).lastSeq;
      for await (const { records } of client.collect({ run, ranges: [{ first: 1, last }] }))
        found.push(...records.map((bytes) => fromBinary(RecordSchema, bytes)));
      return found;
    },
    programs: () => programsIn(join(folder, "data")),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
  return agent;
}

/** Without its own target and initiator: no test may change those. */
function thisHost({ disks, storage }: TestAgentOptions): Platform {
  const { bootId, sampler, workloads, disks: real } = linuxPlatform();
  // The inventory takes seconds, and has a test of its own.
  const describeHost = async () => create(HostSchema, { name: "here" });
  return { bootId, describeHost, sampler, workloads, disks: disks ?? real, ...storage };
}

function known(status: RunStatus | undefined): RunStatus {
  assert(status, "the agent tells how the run is");
  return status;
}

/** Their working folder tells whose they are. */
function programsIn(folder: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [pid] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

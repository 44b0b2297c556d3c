/** Whoever has the controller's key may ask for anything: over the wire, of a real agent, beside real block devices. Needs root. */
import { basename } from "node:path";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunPhase, type RunStatus } from "@salvo/proto/agent_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { claimDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type ArmChange, type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOOP_BYTES, type LoopDisk, openLoops } from "./loops.ts";

const MIB = 1024 * 1024;
const KEY = { lab: "bench", uuid: "6b1c0e7e-0000-4000-8000-000000000003" };
const WRITES = {
  ...WORKLOAD,
  engine: Engine.LIBAIO,
  pattern: Pattern.RANDWRITE,
  blockSizeBytes: 4096n,
  direct: true,
};

const undo = new AsyncDisposableStack();
let agent: TestAgent;
/** Listed and claimed; listed and not claimed; not listed, before and behind the others. */
let ours: LoopDisk;
let unclaimed: LoopDisk;
let others: LoopDisk[];
let runs = 0;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-stolen-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const loops = undo.use(await openLoops());
  const before = await loops.add("other1");
  ours = await loops.add("disk1");
  unclaimed = await loops.add("disk2");
  others = [before, await loops.add("other2")];
  // Neither bystanders nor the claimed disk are blank behind their first MiB: zeros over zeros would not be seen.
  for (const [index, { path }] of [ours, unclaimed, ...others].entries()) await fillBehindLabel(path, index + 1);
  agent = undo.use(
    await testAgent({ devices: [ours.device, unclaimed.device], disks: loops.disks, lab: await testLab(folder) }),
  );
  await claimDisk(ours.device, KEY, {
    host: "guest1",
    disks: loops.disks,
    claims: openClaims(join(agent.folder, "data")),
    confirm: async () => true,
  });
});
afterAll(() => undo.disposeAsync());

async function fillBehindLabel(path: string, byte: number): Promise<void> {
  await using disk = await open(path, "r+");
  await disk.write(Buffer.alloc(LOOP_BYTES - MIB, byte), 0, LOOP_BYTES - MIB, MIB);
  await disk.sync();
}

const hashes = () => Promise.all([ours, unclaimed, ...others].map((disk) => disk.hash()));

/** By the client that the thief has, with hashes that fit whatever is asked for. */
async function attempt(change: ArmChange): Promise<{ kind: string; message: string }> {
  const error: unknown = await agent.arm(`attempt-${++runs}`, { workload: WRITES, ...change }).then(
    () => expect.fail("it was armed"),
    (caught: unknown) => caught,
  );
  if (!(error instanceof SalvoError)) throw error;
  return error;
}

const on = (...devices: string[]): ArmChange => ({
  participants: devices.map((device, index) => ({ id: `p${index + 1}`, device })),
});
const as = (workload: object): ArmChange => ({ workload: { ...WRITES, ...workload } });
const MAX = 2n ** 64n - 1n;
const USABLE = BigInt(LOOP_BYTES - MIB);

/** None of these is armed, for which reason whatever. */
const ATTEMPTS: Readonly<Record<string, () => ArmChange>> = {
  "a disk that is not listed, by the name it would have": () => on("other1"),
  "a disk that is not listed, by its path": () => on(others[0]!.path),
  "a disk that is not listed, by the kernel's name": () => on(basename(others[0]!.path)),
  "a disk that is not listed, by its serial number": () => on(others[0]!.device.disk!.serial),
  "a disk that is not listed, beside one that is": () => on("disk1", "other1"),
  "the claimed disk, by its path": () => on(ours.path),
  "a path that begins as a listed name does": () => on("disk1/../disk2"),
  "a listed name in capitals": () => on("DISK1"),
  "a listed name with a zero byte": () => on("disk1\0other1"),
  "no name": () => on(""),
  "a listed disk that nobody claimed": () => on("disk2"),
  "one disk for two participants": () => on("disk1", "disk1"),
  "one participant twice": () => ({ participants: [1, 2].map(() => ({ id: "p1", device: "disk1" })) }),
  "more than the disk has": () => as({ sizeBytes: BigInt(LOOP_BYTES) }),
  "one block more than is behind the label": () => as({ sizeBytes: USABLE + 4096n }),
  "all of it, from the second block on": () => as({ offsetBytes: 4096n, sizeBytes: USABLE }),
  "an offset at the end": () => as({ offsetBytes: USABLE }),
  "an offset that would be negative": () => as({ offsetBytes: MAX - 4095n }),
  "a sum that would begin again at 0": () => as({ offsetBytes: 2n ** 63n, sizeBytes: 2n ** 63n }),
  "the greatest size": () => as({ sizeBytes: MAX }),
  "an offset that would be the label's": () => as({ offsetBytes: MAX - BigInt(MIB) + 1n, sizeBytes: BigInt(MIB) }),
  "a block of no bytes": () => as({ blockSizeBytes: 0n }),
  "a block larger than the disk": () => as({ blockSizeBytes: 32n * BigInt(MIB) }),
  "the greatest block": () => as({ blockSizeBytes: MAX }),
  "a block that is no multiple of a sector": () => as({ blockSizeBytes: 4097n }),
  "no jobs": () => as({ jobs: 0 }),
  "sequential jobs with less than a block each": () =>
    as({ pattern: Pattern.WRITE, jobs: 256, blockSizeBytes: BigInt(MIB) }),
  "a pattern that does not exist": () => as({ pattern: 99 }),
  "an engine that does not exist": () => as({ engine: 99 }),
};

test("whatever it asks for, nothing but the claimed disk is ever armed, and not a byte changes", async () => {
  const before = await hashes();
  for (const [what, change] of Object.entries(ATTEMPTS)) {
    const { kind, message } = await attempt(change());
    expect(["refused", "invalid-input", "program-failed"], `${what}: ${message}`).toContain(kind);
    expect(agent.programs(), what).toEqual([]);
  }
  expect(await hashes()).toEqual(before);
  for (const { run } of (await agent.client.describe({}, { deadlineMs: 10_000 })).runs)
    await agent.client.release({ run }, { deadlineMs: 10_000 });
  expect(agent.logged).toEqual([]);
});

async function ran(workload: object): Promise<RunStatus> {
  const run = `run-${++runs}`;
  await agent.arm(run, as(workload));
  await using watch = agent.watch(run);
  await watch.next();
  await agent.fire(run);
  return await watch.until(({ phase }) => phase === RunPhase.ENDED);
}

/** All that a stolen key can do: write where this host's own list allows it. Regions in MiB behind the label. */
test.for<readonly [name: string, from: number, to: number, workload: object]>([
  ["random writes in the middle", 3, 5, { queueDepth: 16 }],
  ["sequential writes to the last byte", 11, 15, { pattern: Pattern.WRITE, jobs: 4, blockSizeBytes: 65_536n }],
  ["reads and writes from the first byte on", 0, 2, { pattern: Pattern.RANDRW, engine: Engine.PSYNC, jobs: 2 }],
])(
  "%s change their region, and neither the label, nor its neighbours, nor another disk",
  async ([, from, to, more]) => {
    const bystanders = await Promise.all([unclaimed, ...others].map((disk) => disk.hash()));
    const content = await readFile(ours.image);
    const region = { offsetBytes: BigInt(from * MIB), sizeBytes: BigInt((to - from) * MIB) };
    expect(await ran({ ...region, ...more })).toMatchObject({ outcome: Outcome.FINISHED, started: true });
    const after = await readFile(ours.image);
    const [first, end] = [(from + 1) * MIB, (to + 1) * MIB];
    expect(after.subarray(0, first).equals(content.subarray(0, first)), "before it").toBe(true);
    expect(after.subarray(end).equals(content.subarray(end)), "behind it").toBe(true);
    expect(after.subarray(first, end).equals(content.subarray(first, end)), "the region").toBe(false);
    expect(after.length).toBe(content.length);
    expect(await Promise.all([unclaimed, ...others].map((disk) => disk.hash()))).toEqual(bystanders);
  },
);

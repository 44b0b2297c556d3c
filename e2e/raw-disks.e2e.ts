/** Real fio on real block devices through a real agent. Needs root, as a raw disk does. */
import { RunPhase, type RunStatus } from "@salvo/proto/agent_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { Engine, Pattern } from "@salvo/proto/workload_pb.ts";
import { claimDisk, releaseDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { open as openFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { type LoopDisk, type Loops, openLoops } from "./loops.ts";

const MIB = 1024 * 1024;
const LABEL = { lab: "lab1", uuid: "6b1c0e7e-0000-4000-8000-000000000002" };
/** All of the disk, by every kind of write, one after another. */
const SEQUENTIAL = {
  ...WORKLOAD,
  engine: Engine.LIBAIO,
  pattern: Pattern.WRITE,
  blockSizeBytes: 65_536n,
  direct: true,
};
const RANDOM = { ...SEQUENTIAL, pattern: Pattern.RANDWRITE, blockSizeBytes: 4096n, queueDepth: 8 };

describe("raw disks in a run", () => {
  let loops: Loops;
  let disk: LoopDisk;
  let bystanders: LoopDisk[];
  let agent: TestAgent;
  /** Pulled out in the last moments: all that was looked at was still well. */
  let pulled = false;
  beforeEach(async () => {
    loops = await openLoops();
    disk = await loops.add("disk1");
    bystanders = [await loops.add("disk2"), await loops.add("disk3")];
    pulled = false;
    const open: Loops["disks"]["open"] = (which) => {
      const opened = loops.disks.open(which);
      return { ...opened, node: () => (pulled ? "gone" : opened.node()) };
    };
    agent = await testAgent({ devices: [disk.device, bystanders[0]!.device], disks: { ...loops.disks, open } });
  });
  afterEach(async () => {
    await agent[Symbol.asyncDispose]();
    await loops[Symbol.asyncDispose]();
  });

  const claims = () => openClaims(join(agent.folder, "data"));
  const claim = (which: LoopDisk) =>
    claimDisk(which.device, LABEL, {
      host: "guest1",
      disks: loops.disks,
      claims: claims(),
      confirm: async () => true,
    });

  async function ended(run: string, workload: object): Promise<RunStatus> {
    await agent.arm(run, { workload: { ...WORKLOAD, ...workload } });
    await using watch = agent.watch(run);
    await watch.next();
    await agent.fire(run);
    return await watch.until(({ phase }) => phase === RunPhase.ENDED);
  }

  test("fio writes a claimed disk from its second MiB to its end; label and bystanders stay as they are", async () => {
    await claim(disk);
    const label = (await readFile(disk.image)).subarray(0, MIB);
    const before = await Promise.all(bystanders.map((each) => each.hash()));
    for (const [name, workload] of Object.entries({ sequential: SEQUENTIAL, random: RANDOM }))
      expect(await ended(name, workload), name).toMatchObject({ outcome: Outcome.FINISHED, reason: "", started: true });

    const content = await readFile(disk.image);
    expect(content.subarray(0, MIB).equals(label)).toBe(true);
    const blocks = Array.from({ length: content.length / 65_536 }, (_, n) =>
      content.subarray(n * 65_536, (n + 1) * 65_536),
    );
    const written = blocks.map((block) => block.some((byte) => byte !== 0));
    // The label itself, then nothing to the end of its MiB, then every block.
    expect(written).toEqual(written.map((_, n) => n === 0 || n >= 16));
    expect(await Promise.all(bystanders.map((each) => each.hash()))).toEqual(before);
  });

  test("a workload that would not fit beside the label is refused", async () => {
    await claim(disk);
    await expect(agent.arm("whole", { workload: { ...RANDOM, sizeBytes: 16n * 1024n * 1024n } })).rejects.toThrow(
      "do not fit into its 15728640 B",
    );
  });

  test("a disk that was not claimed is refused when it is armed, and not a byte is written", async () => {
    const before = await disk.hash();
    await expect(agent.arm("unclaimed", { workload: RANDOM })).rejects.toThrow("[label-missing]");
    expect(await disk.hash()).toBe(before);
    expect(agent.programs()).toEqual([]);
  });

  test("a disk that was claimed anew since the run was planned is refused when it is armed", async () => {
    await claim(disk);
    const { agent: described } = await agent.client.describe({}, { deadlineMs: 10_000 });
    const planned = { ...described?.deviceHashes };
    const deps = { host: "guest1", disks: loops.disks, claims: claims(), confirm: async () => true };
    await releaseDisk(disk.device, deps);
    await claimDisk(disk.device, { ...LABEL, uuid: "6b1c0e7e-0000-4000-8000-000000000003" }, deps);
    const before = await disk.hash();
    await expect(agent.arm("stale", { workload: RANDOM, planned })).rejects.toThrow(/not the disk .*\[plan-hash\]/);
    expect(agent.programs()).toEqual([]);
    expect(await ended("anew", RANDOM)).toMatchObject({ outcome: Outcome.FINISHED });
    expect(await disk.hash()).not.toBe(before);
  });

  test("the agent lets go of the disk when the run has ended, also when arming failed", async () => {
    await claim(disk);
    const request = [
      { id: "p1", device: "disk1" },
      { id: "p2", device: "disk2" },
    ];
    await expect(agent.arm("half", { participants: request, workload: RANDOM })).rejects.toThrow("device disk2");
    expect(await ended("after", RANDOM)).toMatchObject({ outcome: Outcome.FINISHED });
    const opened = loops.disks.open(loops.disks.identify().find(({ path }) => path === disk.path)!);
    expect(opened.look(4096).exclusive).toEqual({ value: true });
    opened.close();
  });

  test("a disk that is pulled out just before the gates open ends the run before any I/O", async () => {
    await claim(disk);
    await agent.arm("pulled", { workload: RANDOM });
    await using watch = agent.watch("pulled");
    await watch.next();
    const before = await disk.hash();
    pulled = true;
    await agent.fire("pulled");
    const status = await watch.until(({ phase }) => phase === RunPhase.ENDED);
    expect(status).toMatchObject({ started: false, reason: expect.stringContaining("[stale]") });
    expect(await disk.hash()).toBe(before);
  });

  test("a label that goes between arming and firing ends the run before any I/O", async () => {
    await claim(disk);
    await agent.arm("late", { workload: RANDOM });
    {
      await using file = await openFile(disk.path, "r+");
      await file.write(Buffer.alloc(4096), 0, 4096, 0);
      await file.sync();
    }
    const before = await disk.hash();
    await using watch = agent.watch("late");
    await watch.next();
    await agent.fire("late");
    const status = await watch.until(({ phase }) => phase === RunPhase.ENDED);
    expect(status).toMatchObject({ started: false, reason: expect.stringContaining("[label-missing]") });
    expect(await disk.hash()).toBe(before);
  });
});

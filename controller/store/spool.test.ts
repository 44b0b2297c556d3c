import { once } from "node:events";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { create, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SpoolEntry } from "./batch.ts";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import { createRejected, soundRecords } from "./rejected.ts";
import { openSpool, type Spool } from "./spool.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-spool-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const payloadOf = (seq: number) => toBinary(RecordSchema, create(RecordSchema, { seq, atNs: BigInt(seq % 7) }));

async function readAll(spool: Spool, agent: string): Promise<SpoolEntry[]> {
  const entries: SpoolEntry[] = [];
  for await (const batch of spool.read(agent))
    for (const { seq, source, payload } of batch) entries.push({ seq, source, payload: Uint8Array.from(payload) });
  return entries;
}

test("records come out by number, whatever order they came in, each once and with how it came", async () => {
  await using spool = await openSpool(folder, ["vm1", "vm2"]);
  expect(spool.add("vm1", 3, payloadOf(3), "received")).toBe(true);
  expect(spool.add("vm1", 1, payloadOf(1), "received")).toBe(true);
  expect(spool.add("vm1", 3, payloadOf(3), "backfilled")).toBe(false);
  expect(spool.add("vm1", 2, payloadOf(2), "backfilled")).toBe(true);
  expect(await readAll(spool, "vm1")).toEqual([
    { seq: 1, source: "received", payload: payloadOf(1) },
    { seq: 2, source: "backfilled", payload: payloadOf(2) },
    { seq: 3, source: "received", payload: payloadOf(3) },
  ]);
  expect(await readAll(spool, "vm2")).toEqual([]);
});

test("any order and any repetition of records reads back as the same, also after opening anew", async () => {
  const arrivals = fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(arrivals, fc.nat(300), async (seqs, reopenAt) => {
      const place = await mkdtemp(join(folder, "any-"));
      const expected = [...new Set(seqs)].sort((a, b) => a - b);
      for (const part of [seqs.slice(0, reopenAt), seqs.slice(reopenAt)]) {
        await using spool = await openSpool(place, ["vm1"]);
        for (const seq of part) spool.add("vm1", seq, payloadOf(seq), "received");
      }
      await using spool = await openSpool(place, ["vm1"]);
      expect(await readAll(spool, "vm1")).toEqual(
        expected.map((seq) => ({ seq, source: "received", payload: payloadOf(seq) })),
      );
      expect(spool.highest("vm1")).toBe(expected.at(-1) ?? 0);
      const gaps = spool.missing("vm1", 10_000).flatMap(({ first, last }) => range(first, last));
      expect([...gaps, ...expected].sort((a, b) => a - b)).toEqual(range(1, 10_000));
    }),
    { numRuns: 15 },
  );
});

test("what is missing is named in ranges, up to the last that the agent has", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  for (const seq of [2, 3, 6]) spool.add("vm1", seq, payloadOf(seq), "received");
  expect(spool.missing("vm1", 8)).toEqual([
    { first: 1, last: 1 },
    { first: 4, last: 5 },
    { first: 7, last: 8 },
  ]);
  expect(spool.missing("vm1", 3)).toEqual([{ first: 1, last: 1 }]);
  expect(spool.highest("vm1")).toBe(6);
});

test("a controller killed in mid-run finds in its spool exactly what it had flushed", async () => {
  const script = join(folder, "controller.ts");
  const module = JSON.stringify(new URL("./spool.ts", import.meta.url).href);
  await writeFile(
    script,
    `import { openSpool } from ${module};
     const payloadOf = (seq) => Uint8Array.of(8, seq); // field 1, seq
     const spool = await openSpool(process.argv[2], ["vm1"]);
     for (const seq of [5, 1, 2]) spool.add("vm1", seq, payloadOf(seq), seq === 5 ? "received" : "backfilled");
     await spool.flush();
     process.stdout.write("flushed");
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [script, join(folder, "spool")], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");

  await using spool = await openSpool(join(folder, "spool"), ["vm1"]);
  expect(await readAll(spool, "vm1")).toEqual([
    { seq: 1, source: "backfilled", payload: Uint8Array.of(8, 1) },
    { seq: 2, source: "backfilled", payload: Uint8Array.of(8, 2) },
    { seq: 5, source: "received", payload: Uint8Array.of(8, 5) },
  ]);
  expect(spool.add("vm1", 5, payloadOf(5), "received")).toBe(false);
});

test("what NATS brings and is no record of the run is left out and told, and the run goes on", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  const nonsense = Uint8Array.of(0xff, 0xff, 0xff);
  for (const [agent, seq, payload] of [
    ["vm9", 1, payloadOf(1)],
    ["vm9", 2, payloadOf(2)],
    ["vm1", 0, payloadOf(0)],
    ["vm1", 2 ** 32, payloadOf(1)],
    ["vm1", 7, payloadOf(8)],
    ["vm1", 1, nonsense],
  ] as const)
    expect(spool.add(agent, seq, payload, "received"), `${agent} ${seq}`).toBe(false);
  expect(spool.highest("vm1")).toBe(0);
  expect(spool.add("vm1", 1, payloadOf(1), "received")).toBe(true);
  expect(await readAll(spool, "vm1")).toHaveLength(1);
  expect(spool.notes()).toEqual([
    "left out, 2 times: agent vm9 is not in this run",
    expect.stringContaining("left out, once: a record has the number 0"),
    expect.stringContaining("left out, once: a record has the number 4294967296"),
    "left out, once: record 7 of vm1 is damaged: it says that it is record 8",
    expect.stringContaining("left out, once: record 1 of vm1 is damaged: a record of 3 bytes cannot be decoded"),
  ]);
});

test("however much is left out, what is told of it stays short", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  for (let seq = 1; seq <= 100; seq++) spool.add("vm1", seq, payloadOf(1000), "received");
  expect(spool.notes()).toHaveLength(6);
  expect(spool.notes().at(-1)).toBe("left out: 95 more that are no records of this run");
});

test("an agent that gives what is no record of the run is told so", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  expect(() => spool.add("vm9", 1, payloadOf(1), "backfilled")).toThrow(expect.objectContaining({ kind: "not-found" }));
  expect(() => spool.add("vm1", 2, payloadOf(1), "backfilled")).toThrow(
    expect.objectContaining({ kind: "corrupt", host: "vm1", remedy: expect.stringContaining("version") }),
  );
});

test("a number that the run's plan cannot have is left out when the run is sealed", () => {
  const { spec } = syntheticRun({ agents: 1, participantsPerAgent: 1, ticks: 10 });
  const rejected = createRejected();
  const sound = soundRecords(spec, rejected);
  const entryOf = (seq: number) => ({ seq, source: "received" as const, payload: payloadOf(seq) });
  expect(sound("vm1", entryOf(100))).toMatchObject({ seq: 100 });
  expect(sound("vm1", entryOf(2 ** 28))).toBeUndefined();
  expect(rejected.notes()).toEqual(["left out, once: record 268435456 of vm1 is more than the run can have"]);
});

test("a number that is far too high costs little", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  const before = process.memoryUsage().arrayBuffers;
  expect(spool.add("vm1", 2 ** 28, payloadOf(2 ** 28), "received")).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

test("a copy that was cut off says so", async () => {
  {
    await using spool = await openSpool(folder, ["vm1"]);
    spool.add("vm1", 1, payloadOf(1), "received");
  }
  await appendFile(join(folder, "vm1.journal"), "torn");
  await using spool = await openSpool(folder, ["vm1"]);
  expect(spool.notes()).toEqual([
    expect.stringMatching(/^4 bytes of the controller's copy of vm1's records were not whole/),
  ]);
  expect(await readAll(spool, "vm1")).toHaveLength(1);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

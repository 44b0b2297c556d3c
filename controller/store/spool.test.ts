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
import { syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { openSpool, type Spool } from "./spool.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-spool-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const { spec } = syntheticRun({ agents: 2, participantsPerAgent: 1, ticks: 10_000 });
const payloadOf = (seq: number) => toBinary(RecordSchema, create(RecordSchema, { seq, atNs: BigInt(seq % 7) }));

async function readAll(spool: Spool, agent: string): Promise<SpoolEntry[]> {
  const entries: SpoolEntry[] = [];
  for await (const batch of spool.read(agent))
    for (const { seq, source, payload } of batch) entries.push({ seq, source, payload: Uint8Array.from(payload) });
  return entries;
}

test("records come out by number, whatever order they came in, each once and with how it came", async () => {
  await using spool = await openSpool(folder, spec);
  expect(spool.add("vm1", 3, payloadOf(3), "received")).toMatchObject({ seq: 3, atNs: 3n });
  expect(spool.add("vm1", undefined, payloadOf(1), "received")).toMatchObject({ seq: 1 });
  expect(spool.add("vm1", 3, payloadOf(3), "backfilled")).toBeUndefined();
  expect(spool.add("vm1", undefined, payloadOf(3), "received")).toBeUndefined();
  expect(spool.add("vm1", 2, payloadOf(2), "backfilled")).toMatchObject({ seq: 2 });
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
        await using spool = await openSpool(place, spec);
        for (const seq of part) spool.add("vm1", seq, payloadOf(seq), "received");
      }
      await using spool = await openSpool(place, spec);
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
  await using spool = await openSpool(folder, spec);
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
     const spool = await openSpool(process.argv[2], { agents: [{ id: "vm1" }], participants: [], intervalMs: 1000 });
     for (const seq of [5, 1, 2]) spool.add("vm1", seq, payloadOf(seq), seq === 5 ? "received" : "backfilled");
     await spool.flush();
     process.stdout.write("flushed");
     setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [script, join(folder, "spool")], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");

  await using spool = await openSpool(join(folder, "spool"), spec);
  expect(await readAll(spool, "vm1")).toEqual([
    { seq: 1, source: "backfilled", payload: Uint8Array.of(8, 1) },
    { seq: 2, source: "backfilled", payload: Uint8Array.of(8, 2) },
    { seq: 5, source: "received", payload: Uint8Array.of(8, 5) },
  ]);
  expect(spool.add("vm1", 5, Uint8Array.of(8, 5), "received")).toBeUndefined();
  expect(spool.notes()).toEqual([]);
});

test("what NATS brings and is no record of the run is left out and told, and the run goes on", async () => {
  await using spool = await openSpool(folder, spec);
  const nonsense = Uint8Array.of(0xff, 0xff, 0xff);
  for (const [agent, seq, payload] of [
    ["vm9", 1, payloadOf(1)],
    ["vm8", 2, payloadOf(2)],
    ["vm1", 0, payloadOf(0)],
    ["vm1", undefined, payloadOf(2 ** 28)],
    ["vm1", 7, payloadOf(8)],
    ["vm1", 1, nonsense],
    ["vm2", 3, nonsense],
  ] as const)
    expect(spool.add(agent, seq, payload, "received"), `${agent} ${seq}`).toBeUndefined();
  expect(spool.highest("vm1")).toBe(0);
  expect(spool.add("vm1", 1, payloadOf(1), "received")).toMatchObject({ seq: 1 });
  expect(await readAll(spool, "vm1")).toHaveLength(1);
  expect(spool.notes()).toEqual([
    "2 records are left out: each came under the name of an agent that is not in this run (the first, vm9)",
    "2 records of vm1 are left out: each has a number that the plan of the run cannot give (the first, record 0: 1 to 90024 can be)",
    "1 record of vm1 is left out: it has another number than its message (record 7: it is record 8)",
    expect.stringMatching(/^1 record of vm1 is left out: it cannot be decoded \(record 1: a record of 3 bytes cannot/),
    expect.stringMatching(/^1 record of vm2 is left out: it cannot be decoded \(record 3: /),
  ]);
});

test("however much is left out, what is told of it stays short", async () => {
  await using spool = await openSpool(folder, spec);
  for (let seq = 1; seq <= 1000; seq++) spool.add("vm1", seq, payloadOf(5000), "received");
  for (let agent = 3; agent <= 1000; agent++) spool.add(`vm${agent}`, 1, payloadOf(1), "received");
  expect(spool.notes()).toEqual([
    expect.stringMatching(/^1000 records of vm1 are left out/),
    expect.stringMatching(/^998 records are left out/),
  ]);
});

test("of what NATS brought damaged the agent is asked, and what the agent itself gives damaged is asked for no more", async () => {
  await using spool = await openSpool(folder, spec);
  for (const seq of [1, 2, 3, 4]) spool.add("vm1", seq, seq % 2 === 0 ? payloadOf(99) : payloadOf(seq), "received");
  expect(spool.missing("vm1", 4)).toEqual([
    { first: 2, last: 2 },
    { first: 4, last: 4 },
  ]);
  expect(spool.add("vm1", undefined, payloadOf(2), "backfilled")).toMatchObject({ seq: 2 });
  spool.add("vm1", undefined, foreign(4), "backfilled");
  expect(spool.missing("vm1", 4)).toEqual([]);
  expect((await readAll(spool, "vm1")).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(spool.notes()).toContainEqual(
    '1 record of vm1 is left out: it names a participant that the agent does not have (record 4: "vm2.disk1")',
  );
});

test("of two records of one number the one in the agent's own journal counts, also after opening anew", async () => {
  const other = toBinary(RecordSchema, create(RecordSchema, { seq: 2, atNs: 12_345n }));
  const others = toBinary(RecordSchema, create(RecordSchema, { seq: 3, atNs: 12_345n }));
  {
    await using spool = await openSpool(folder, spec);
    for (const seq of [1, 3]) spool.add("vm1", seq, payloadOf(seq), "received");
    spool.add("vm1", 2, other, "received");
    expect(spool.missing("vm1", 3)).toEqual([]);
    expect(spool.add("vm1", 2, payloadOf(2), "received")).toBeUndefined();
    expect(spool.add("vm1", 3, others, "received")).toBeUndefined();
    expect(spool.missing("vm1", 3)).toEqual([{ first: 2, last: 3 }]);
    expect(spool.add("vm1", undefined, payloadOf(2), "backfilled")).toMatchObject({ seq: 2 });
    expect(spool.add("vm1", undefined, payloadOf(3), "backfilled")).toBeUndefined();
    expect(spool.missing("vm1", 3)).toEqual([]);
    expect(spool.notes()).toEqual([
      expect.stringMatching(/^2 records of vm1 are left out: each is another one than came before under its number/),
    ]);
  }
  await using spool = await openSpool(folder, spec);
  expect(await readAll(spool, "vm1")).toEqual([
    { seq: 1, source: "received", payload: payloadOf(1) },
    { seq: 2, source: "backfilled", payload: payloadOf(2) },
    { seq: 3, source: "received", payload: payloadOf(3) },
  ]);
});

test("a stream that is longer than the plan can be is cut off with a note, and the agent's own journal is still asked", async () => {
  const short = { ...spec, workload: { ...spec.workload!, rampMs: 0, durationMs: 1000 } };
  await using spool = await openSpool(folder, short);
  const { bytesMax, recordsMax } = spool.limits("vm1");
  const text = "x".repeat(128 * 1024);
  const rest = toBinary(RecordSchema, create(RecordSchema, { body: { case: "event", value: { text } } }));
  const event = (seq: number) => Buffer.concat([Uint8Array.of(8, (seq & 127) | 128, seq >> 7), rest]);
  let taken = 0;
  for (let seq = 1; seq <= 170; seq++) if (spool.add("vm1", seq, event(seq), "received")) taken++;
  expect(taken * text.length).toBeLessThanOrEqual(bytesMax);
  expect(spool.ended("vm1", "received")).toBe(true);
  expect(spool.ended("vm1", "backfilled")).toBe(false);
  expect(spool.ended("vm2", "received")).toBe(false);
  expect(spool.missing("vm1", 4_000_000_000)).toEqual([{ first: taken + 1, last: recordsMax }]);
  expect(spool.add("vm1", undefined, payloadOf(taken + 1), "backfilled")).toMatchObject({ seq: taken + 1 });
  expect(spool.notes()).toEqual([
    "what vm1 sent by NATS was cut off after 20 MiB, the most that the plan of the run can give",
  ]);
  // The same one again and again is no new record, but it comes all the same.
  for (let times = 0; times < 170; times++) spool.add("vm1", undefined, event(1), "backfilled");
  expect(spool.ended("vm1", "backfilled")).toBe(true);
  expect(spool.missing("vm1", 300)).toEqual([]);
  {
    await spool[Symbol.asyncDispose]();
    await using again = await openSpool(folder, short);
    expect(again.add("vm1", 399, event(399), "received")).toBeUndefined();
    expect(again.ended("vm1", "received")).toBe(true);
  }
});

function foreign(seq: number): Uint8Array {
  const value = { participant: "vm2.disk1", tick: 1 };
  return toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "fio", value } }));
}

test("whoever brings records faster than the disk takes them is made to wait, and the spool does not fail", async () => {
  await using spool = await openSpool(folder, spec);
  const text = "x".repeat(128 * 1024);
  const rest = toBinary(RecordSchema, create(RecordSchema, { body: { case: "event", value: { text } } }));
  let waits = 0;
  for (let seq = 1; seq <= 1000; seq++) {
    const payload = Buffer.concat([Uint8Array.of(8, (seq & 127) | 128, seq >> 7), rest]);
    expect(spool.add("vm1", seq, payload, "received")).toBeDefined();
    const room = spool.room("vm1");
    if (room) waits++;
    await room; // without the wait a journal fails at 64 MiB
  }
  expect(waits).toBe(7);
});

test("a copy that was cut off says so", async () => {
  {
    await using spool = await openSpool(folder, spec);
    spool.add("vm1", 1, payloadOf(1), "received");
  }
  await appendFile(join(folder, "vm1.journal"), "torn");
  await using spool = await openSpool(folder, spec);
  expect(spool.notes()).toEqual([
    expect.stringMatching(/^4 bytes of the controller's copy of vm1's records were not whole/),
  ]);
  expect(await readAll(spool, "vm1")).toHaveLength(1);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

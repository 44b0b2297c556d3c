import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Source, SpoolEntry } from "./batch.ts";
import { openSpool, type Spool } from "./spool.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-spool-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const payloadOf = (seq: number) => Uint8Array.of(seq % 251, seq % 7, 9);

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
     const spool = await openSpool(process.argv[2], ["vm1"]);
     for (const seq of [5, 1, 2]) spool.add("vm1", seq, Uint8Array.of(seq), seq === 5 ? "received" : "backfilled");
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
    { seq: 1, source: "backfilled", payload: Uint8Array.of(1) },
    { seq: 2, source: "backfilled", payload: Uint8Array.of(2) },
    { seq: 5, source: "received", payload: Uint8Array.of(5) },
  ]);
  expect(spool.add("vm1", 5, Uint8Array.of(5), "received")).toBe(false);
});

test("an agent that is not in the run and a number that no run has are refused", async () => {
  await using spool = await openSpool(folder, ["vm1"]);
  const source: Source = "received";
  expect(() => spool.add("vm9", 1, payloadOf(1), source)).toThrow(expect.objectContaining({ kind: "not-found" }));
  for (const seq of [0, -1, 1.5, 2 ** 32])
    expect(() => spool.add("vm1", seq, payloadOf(1), source)).toThrow(
      expect.objectContaining({ kind: "invalid-input" }),
    );
  expect(await readAll(spool, "vm1")).toEqual([]);
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

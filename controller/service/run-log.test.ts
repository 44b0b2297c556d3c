import { openJournal } from "@salvo/shared/journal/writer.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRunLog, readRunLog, type RunLogEntry } from "./run-log.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-runlog-"));
  path = join(folder, "events.journal");
});
afterEach(() => rm(folder, { recursive: true }));

const ENTRIES: readonly RunLogEntry[] = [
  {
    type: "begin",
    nonce: "n",
    bootId: "b",
    anchor: { monotonicNs: 9_007_199_254_740_993n, wallNs: -1n },
    natsUrl: "nats://here",
  },
  { type: "description", agent: "a", description: { id: "a", memoryBytes: "42", ns: "no number" } },
  { type: "event", event: { type: "abort", reason: 'said "stop"\n', atNs: 5n } },
  {
    type: "event",
    event: {
      type: "clock",
      agent: "a",
      atNs: 6n,
      estimate: { offsetNs: -7n, boundNs: 8n, slowestNs: 7n, rttNs: 16n, atNs: 9n, pings: 64 },
    },
  },
];

test("what was written is there in the next life, numbers of nanoseconds to the digit", async () => {
  {
    await using log = await openRunLog(path);
    expect(log.before).toEqual([]);
    await log.append(...ENTRIES.slice(0, 2));
    await log.append(...ENTRIES.slice(2));
    expect(await readRunLog(path)).toEqual(ENTRIES);
  }
  await using log = await openRunLog(path);
  expect(log.before).toEqual(ENTRIES);
});

test("an entry that was cut off had no effect yet: it is forgotten, and writing goes on", async () => {
  {
    await using log = await openRunLog(path);
    await log.append(...ENTRIES);
  }
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length - 3));
  {
    await using log = await openRunLog(path);
    expect(log.before).toEqual(ENTRIES.slice(0, 3));
    expect(log.notes).toEqual([
      expect.stringMatching(
        /^\d+ bytes of the run log were not whole and were set aside: record 4 was not written whole$/,
      ),
    ]);
    await log.append(ENTRIES[3]!);
  }
  expect(await readRunLog(path)).toEqual(ENTRIES);
  await using log = await openRunLog(path);
  expect(log.notes).toEqual([]);
});

test("an entry that is no JSON is corrupt, and the file is named", async () => {
  const journal = await openJournal(path);
  journal.append(Buffer.from("{"));
  await journal.close();
  await expect(openRunLog(path)).rejects.toMatchObject({ kind: "corrupt", file: path });
});

test("what is not on the disk was not appended", async () => {
  await using log = await openRunLog(path);
  await log.append(ENTRIES[0]!);
  expect((await readFile(path)).includes('"bootId":"b"')).toBe(true);
});

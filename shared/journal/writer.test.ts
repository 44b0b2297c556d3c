import * as fc from "fast-check";
import { expect, test } from "vitest";
import { follow } from "./follow.ts";
import type { JournalFs } from "./file.ts";
import { type JournalRecord, PAYLOAD_BYTES_MAX } from "./format.ts";
import { recover } from "./reader.ts";
import { createSimulatedDisk } from "./simulated-disk.fixture.ts";
import { openJournal, WAITING_BYTES_MAX } from "./writer.ts";

const PATH = "/run/journal";
const LATER_MS = 3_600_000;
const text = (value: string) => Buffer.from(value);

test("appended records get numbers without gaps and are written together, once", async () => {
  const disk = createSimulatedDisk();
  await using journal = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  const before = disk.syncs;
  expect([journal.append(text("a")), journal.append(text("b")), journal.append(text("c"))]).toEqual([1, 2, 3]);
  expect(journal).toMatchObject({ lastSeq: 3, durableSeq: 0 });
  await journal.flush();
  expect(journal.durableSeq).toBe(3);
  expect(disk.syncs - before).toBe(1);
});

test("what nobody flushes is on the disk soon after", async () => {
  await using journal = await openJournal(PATH, { fs: createSimulatedDisk(), flushMs: 5 });
  journal.append(text("a"));
  expect(await journal.waitDurable(1)).toBe(1);
});

test("a record that comes while another is written is not taken for durable", async () => {
  const disk = createSimulatedDisk();
  await using journal = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  const reached = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  disk.beforeSync = () => (reached.resolve(), release.promise);
  journal.append(text("a"));
  const first = journal.flush();
  await reached.promise;
  journal.append(text("b"));
  const second = journal.flush();
  expect(journal.durableSeq).toBe(0);
  let durableAtSecondSync: number | undefined;
  disk.beforeSync = async () => void (durableAtSecondSync = journal.durableSeq);
  release.resolve();
  await Promise.all([first, second]);
  expect(durableAtSecondSync).toBe(1);
  expect(journal.durableSeq).toBe(2);
});

test("after a power cut at any moment every record that was called durable is there, and appending goes on after it", async () => {
  const batches = fc.array(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(batches, batches, fc.nat({ max: 400 }), async (flushed, written, keptBytes) => {
      const disk = createSimulatedDisk();
      const journal = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
      for (const batch of flushed) {
        for (const payload of batch) journal.append(payload);
        await journal.flush();
      }
      const { durableSeq } = journal;
      // The crash comes between the write and its fsync.
      const reached = Promise.withResolvers<void>();
      disk.beforeSync = () => (reached.resolve(), new Promise(() => {}));
      for (const payload of written.flat()) journal.append(payload);
      if (journal.lastSeq > durableSeq) {
        void journal.flush();
        await reached.promise;
      }
      const after = disk.crash(keptBytes);
      await using again = await openJournal(PATH, { fs: after });
      expect(again.lastSeq).toBeGreaterThanOrEqual(durableSeq);
      expect(again.durableSeq).toBe(again.lastSeq);
      expect(again.append(text("next"))).toBe(again.lastSeq);
      await again.flush();
      const all = [...flushed.flat(), ...written.flat()].slice(0, again.lastSeq - 1);
      const read = await again.read(1, again.lastSeq);
      expect(read.map(({ payload }) => Buffer.from(payload).toString("hex"))).toEqual(
        [...all, text("next")].map((payload) => Buffer.from(payload).toString("hex")),
      );
      expect(await recover(PATH, { fs: after })).toMatchObject({ lastSeq: again.lastSeq, dropped: undefined });
      if (again.dropped) expect(after.content(`${PATH}.dropped`).length).toBe(again.dropped.bytes);
    }),
    { numRuns: 150 },
  );
});

test("recovered records are synced before they are called durable", async () => {
  const disk = createSimulatedDisk();
  const dead = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  disk.beforeSync = () => Promise.reject(new Error("the process dies here"));
  dead.append(text("in the page cache only"));
  await expect(dead.flush()).rejects.toThrow("dies here");
  await expect(dead.close()).rejects.toThrow("dies here");
  disk.beforeSync = () => Promise.resolve();
  await using again = await openJournal(PATH, { fs: disk });
  expect(again.durableSeq).toBe(1);
  await using afterPowerCut = await openJournal(PATH, { fs: disk.crash(0) });
  expect(afterPowerCut.durableSeq).toBe(1);
});

test("a full disk makes the journal failed: append and flush say so and durableSeq stays true", async () => {
  const disk = createSimulatedDisk();
  const journal = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  journal.append(text("fits"));
  await journal.flush();
  disk.capacityBytes = disk.content(PATH).length + 20;
  journal.append(Buffer.alloc(100));
  const full = { kind: "out-of-resources", file: PATH, remedy: expect.stringContaining("up to 1 are safe") };
  await expect(journal.flush()).rejects.toMatchObject(full);
  expect(() => journal.append(text("more"))).toThrow(expect.objectContaining(full));
  await expect(journal.waitDurable(2)).rejects.toMatchObject(full);
  expect(journal.durableSeq).toBe(1);
  disk.capacityBytes = Infinity;
  await expect(journal.flush()).rejects.toMatchObject(full);
  await expect(journal.close()).rejects.toMatchObject(full);
  await using again = await openJournal(PATH, { fs: disk });
  expect(again).toMatchObject({ lastSeq: 1, dropped: { bytes: 20, reason: "record 2 was not written whole" } });
});

test("a flush by the timer that fails is known to the next append", async () => {
  const disk = createSimulatedDisk();
  const journal = await openJournal(PATH, { fs: disk, flushMs: 1 });
  disk.capacityBytes = 0;
  journal.append(text("a"));
  await expect(journal.waitDurable(1)).rejects.toMatchObject({ kind: "out-of-resources" });
  expect(() => journal.append(text("b"))).toThrow("ENOSPC");
  await expect(journal.close()).rejects.toThrow("ENOSPC");
});

test("a disk that does not answer fails the journal at its limit instead of filling the memory", async () => {
  const disk = createSimulatedDisk();
  const journal = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  disk.beforeSync = () => new Promise(() => {});
  const payload = Buffer.alloc(PAYLOAD_BYTES_MAX);
  expect(() => {
    for (let bytes = 0; bytes <= WAITING_BYTES_MAX; bytes += payload.length) journal.append(payload);
  }).toThrow(expect.objectContaining({ kind: "out-of-resources" }));
});

test("a payload over the limit is refused and takes no number", async () => {
  await using journal = await openJournal(PATH, { fs: createSimulatedDisk() });
  expect(() => journal.append(Buffer.alloc(PAYLOAD_BYTES_MAX + 1))).toThrow(
    expect.objectContaining({ kind: "out-of-resources" }),
  );
  expect(journal.append(Buffer.alloc(PAYLOAD_BYTES_MAX))).toBe(1);
});

test("any range can be read back, in pieces of limited size, and never past what is durable", async () => {
  await using journal = await openJournal(PATH, { fs: createSimulatedDisk(), flushMs: LATER_MS });
  for (let seq = 1; seq <= 300; seq++) journal.append(text(`record ${seq}`));
  await journal.flush();
  journal.append(text("not yet durable"));
  const range = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 400 }), fc.nat({ max: 4000 }));
  await fc.assert(
    fc.asyncProperty(range, async ([fromSeq, toSeq, bytesMax]) => {
      const read = await journal.read(fromSeq, toSeq, bytesMax);
      const last = Math.min(toSeq, 300);
      if (fromSeq > last) {
        expect(read).toEqual([]);
        return;
      }
      expect(read.map(({ seq }) => seq)).toEqual(read.map((_, at) => fromSeq + at));
      for (const { seq, payload } of read) expect(Buffer.from(payload).toString()).toBe(`record ${seq}`);
      const bytes = read.reduce((sum, { payload }) => sum + payload.length, 0);
      expect(read.length).toBeGreaterThan(0);
      expect(read.length === 1 || bytes <= bytesMax).toBe(true);
      const end = fromSeq + read.length - 1;
      expect(end === last || (end < last && bytes + `record ${end + 1}`.length > bytesMax)).toBe(true);
    }),
  );
});

test("a follower sees every record once it is durable, and its end when the journal ends", async () => {
  await using journal = await openJournal(PATH, { fs: createSimulatedDisk(), flushMs: LATER_MS });
  const records = follow(journal, 2);
  for (const value of ["a", "b", "c"]) journal.append(text(value));
  const first = records.next();
  await journal.flush();
  expect((await first).value?.map(({ seq }) => seq)).toEqual([2, 3]);
  journal.append(text("d"));
  await journal.end();
  const last = await records.next();
  expect(last.value!.map(({ payload }) => Buffer.from(payload).toString())).toEqual(["d"]);
  expect(await records.next()).toEqual({ done: true, value: undefined });
});

test("a follower that keeps up is given what is recent without any reading from the disk, and what is older too", async () => {
  const disk = createSimulatedDisk();
  let reads = 0;
  const fs: JournalFs = {
    ...disk,
    async open(path, mode) {
      const file = await disk.open(path, mode);
      return { ...file, read: async (into, at) => (reads++, file.read(into, at)) };
    },
  };
  await using journal = await openJournal(PATH, { fs, flushMs: LATER_MS, recentBytesMax: 100 });
  const opening = reads;
  const seen: string[] = [];
  const take = (records: readonly JournalRecord[] | void) =>
    seen.push(...(records ?? []).map(({ seq, payload }) => `${seq} ${Buffer.from(payload).toString()}`));
  const records = follow(journal);
  for (const value of ["a", "b", "c"]) {
    journal.append(text(value));
    journal.append(text(`${value}${value}`));
    await journal.flush();
    take((await records.next()).value);
  }
  expect(seen).toEqual(["1 a", "2 aa", "3 b", "4 bb", "5 c", "6 cc"]);
  expect(reads).toBe(opening);
  expect(await journal.read(4, 5)).toEqual([
    { seq: 4, payload: text("bb") },
    { seq: 5, payload: text("c") },
  ]);
  expect(await journal.read(5, 6, 1)).toEqual([{ seq: 5, payload: text("c") }]);
  expect(reads).toBe(opening);

  journal.append(new Uint8Array(80)); // more than may stay with the others
  await journal.flush();
  expect((await journal.read(1, 7)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(reads).toBeGreaterThan(opening);
});

test("a follower that waits ends with the journal, with its failure or with the signal's reason", async () => {
  const disk = createSimulatedDisk();
  const ending = await openJournal(PATH, { fs: disk });
  const atEnd = follow(ending).next();
  await ending.end();
  expect(await atEnd).toEqual({ done: true, value: undefined });
  await ending.close();

  const failing = await openJournal(PATH, { fs: disk, flushMs: LATER_MS });
  const stop = new AbortController();
  const stopped = follow(failing, 1, { signal: stop.signal }).next();
  stop.abort();
  await expect(stopped).rejects.toMatchObject({ kind: "cancelled" });
  const failed = follow(failing).next();
  disk.capacityBytes = 0;
  failing.append(text("a"));
  await expect(failing.close()).rejects.toMatchObject({ kind: "out-of-resources" });
  await expect(failed).rejects.toMatchObject({ kind: "out-of-resources" });
});

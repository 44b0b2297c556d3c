import { setImmediate as turn } from "node:timers/promises";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { expect, test } from "vitest";
import { createBatch, unpack, type SpoolEntry } from "./batch.ts";

const entry = (seq: number, length: number): SpoolEntry => ({
  seq,
  source: seq % 2 === 0 ? "received" : "backfilled",
  payload: new Uint8Array(length).fill(seq),
});

function createEntries() {
  const entries: Uint8Array[] = [];
  const append = (payload: Uint8Array) => entries.push(Uint8Array.from(payload));
  return {
    entries,
    journal: {
      append,
      get lastSeq() {
        return entries.length;
      },
    },
  };
}

test("records of one turn of the event loop are one journal entry, and each knows which", async () => {
  const { entries, journal } = createEntries();
  const batch = createBatch(journal);
  expect([batch.add(entry(1, 3)), batch.add(entry(2, 0))]).toEqual([1, 1]);
  await turn();
  expect(batch.add(entry(3, 5))).toBe(2);
  batch.append();
  batch.append();
  expect(entries.map((bytes) => unpack(bytes))).toEqual([[entry(1, 3), entry(2, 0)], [entry(3, 5)]]);
});

test("records larger than a batch, and more than fit into one, are all there", () => {
  const { entries, journal } = createEntries();
  const batch = createBatch(journal);
  const records = [entry(1, 40_000), entry(2, 40_000), entry(3, 200_000), entry(4, 1)];
  const places = records.map((record) => batch.add(record));
  batch.append();
  expect(entries.flatMap((bytes) => unpack(bytes))).toEqual(records);
  for (const [index, place] of places.entries()) expect(unpack(entries[place - 1]!)).toContainEqual(records[index]);
});

test("what makes the journal fail is thrown by whatever is called next, and nothing is lost in silence", async () => {
  const full = new SalvoError("out-of-resources", "no space left");
  const append = () => {
    throw full;
  };
  const batch = createBatch({ append, lastSeq: 0 });
  batch.add(entry(1, 1));
  await turn();
  expect(() => batch.add(entry(2, 1))).toThrow(full);
  expect(() => batch.append()).toThrow(full);
});

test("bytes that are no batch are corrupt, wherever they are cut", () => {
  const { entries, journal } = createEntries();
  const batch = createBatch(journal);
  batch.add(entry(1, 4));
  batch.append();
  const whole = entries[0]!;
  for (let cut = 1; cut < whole.length; cut++)
    expect(() => unpack(whole.subarray(0, cut))).toThrow(expect.objectContaining({ kind: "corrupt" }));
  expect(() => unpack(Uint8Array.of(7, ...whole.subarray(1)))).toThrow(expect.objectContaining({ kind: "corrupt" }));
});

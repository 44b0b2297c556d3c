import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeHeader, encodeRecord, HEADER_BYTES } from "./format.ts";
import { readJournal, recover } from "./reader.ts";
import { createSimulatedDisk, type SimulatedDisk } from "./simulated-disk.fixture.ts";

const PATH = "/run/journal";
const payloads = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });

function bytesOf(records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([encodeHeader(), ...records.map((payload, at) => encodeRecord(at + 1, payload))]);
}

async function diskWith(content: Buffer): Promise<SimulatedDisk> {
  const disk = createSimulatedDisk();
  await (await disk.open(PATH, "write")).write(content, 0);
  return disk;
}

/** All whole records, and how the iteration ended. */
async function readAll(disk: SimulatedDisk): Promise<{ read: Uint8Array[]; error: unknown }> {
  const read: Uint8Array[] = [];
  try {
    for await (const { seq, payload } of readJournal(PATH, { fs: disk })) {
      expect(seq).toBe(read.length + 1);
      read.push(new Uint8Array(payload));
    }
    return { read, error: undefined };
  } catch (error) {
    return { read, error };
  }
}

test("the format is what it was", () => {
  // Made by another program, from the words at the top of format.ts.
  const known = "53414c564f4a4e4c010000000500000001000000b68e3c9873616c766f";
  expect(bytesOf([Buffer.from("salvo")]).toString("hex")).toBe(known);
});

test("after a cut at any byte all whole records are there and the rest is reported", async () => {
  const records = [0, 1, 40, 3].map((length, at) => new Uint8Array(length).fill(at + 1));
  const whole = bytesOf(records);
  const ends = records.map((_, at) => bytesOf(records.slice(0, at + 1)).length);
  for (let cut = 0; cut <= whole.length; cut++) {
    const disk = await diskWith(whole.subarray(0, cut));
    const kept = ends.filter((end) => end <= cut).length;
    const endByte = cut < HEADER_BYTES ? 0 : (ends[kept - 1] ?? HEADER_BYTES);
    const recovery = await recover(PATH, { fs: disk });
    expect(recovery, `cut at ${cut}`).toMatchObject({ lastSeq: kept, endByte });
    expect(recovery.dropped?.bytes ?? 0, `cut at ${cut}`).toBe(cut - endByte);
    const { read, error } = await readAll(disk);
    expect(read).toEqual(records.slice(0, kept));
    if (cut < HEADER_BYTES) expect(error).toBeUndefined();
    else expect(error).toEqual(recovery.dropped ? expect.objectContaining({ kind: "corrupt", file: PATH }) : undefined);
  }
});

test("a flipped bit anywhere is found, and the records before it are kept", async () => {
  const records = [5, 0, 17].map((length, at) => new Uint8Array(length).fill(at + 1));
  const whole = bytesOf(records);
  const ends = records.map((_, at) => bytesOf(records.slice(0, at + 1)).length);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const at = bit >> 3;
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(whole.readUInt8(at) ^ (1 << (bit & 7)), at);
    const disk = await diskWith(flipped);
    const { read, error } = await readAll(disk);
    expect(error, `bit ${bit}`).toMatchObject({ kind: "corrupt" });
    expect(read).toEqual(records.slice(0, ends.filter((end) => end <= at).length));
  }
});

test("records of any size and number come back as they were, also over chunk borders", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, fc.integer({ min: 0, max: 600_000 }), async (small, largeBytes) => {
      const records = [...small, new Uint8Array(largeBytes).fill(7), ...small];
      const { read, error } = await readAll(await diskWith(bytesOf(records)));
      expect(error).toBeUndefined();
      expect(Buffer.concat(read).equals(Buffer.concat(records))).toBe(true);
      expect(read.length).toBe(records.length);
    }),
    { numRuns: 40 },
  );
});

test("whatever bytes follow the last whole record, that record is the last", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, fc.uint8Array({ minLength: 1, maxLength: 100 }), async (records, garbage) => {
      const disk = await diskWith(Buffer.concat([bytesOf(records), garbage]));
      const { lastSeq, dropped } = await recover(PATH, { fs: disk });
      expect(lastSeq).toBe(records.length);
      expect(dropped?.bytes).toBe(garbage.length);
    }),
  );
});

test("a repeated or skipped record is damage even though its checksum is right", async () => {
  const one = Buffer.from("one");
  const repeated = await diskWith(Buffer.concat([encodeHeader(), encodeRecord(1, one), encodeRecord(1, one)]));
  expect((await recover(PATH, { fs: repeated })).dropped?.reason).toBe("record 2 was expected, but 1 found");
  const skipped = await diskWith(Buffer.concat([encodeHeader(), encodeRecord(1, one), encodeRecord(3, one)]));
  expect((await recover(PATH, { fs: skipped })).dropped?.reason).toBe("record 2 was expected, but 3 found");
});

test("a file that is no journal is refused and a missing one is not found", async () => {
  const foreign = await diskWith(Buffer.from("PAR1 and much more"));
  await expect(recover(PATH, { fs: foreign })).rejects.toMatchObject({ kind: "corrupt", file: PATH });
  const zeros = await diskWith(Buffer.concat([Buffer.alloc(HEADER_BYTES), encodeRecord(1, Buffer.from("x"))]));
  await expect(recover(PATH, { fs: zeros })).rejects.toMatchObject({ kind: "corrupt" });
  await expect(recover("/nowhere", { fs: foreign })).rejects.toMatchObject({ kind: "not-found", file: "/nowhere" });
});

test("a real file is read to its end before it is closed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "salvo-journal-"));
  try {
    const path = join(folder, "journal");
    await writeFile(path, bytesOf([Buffer.from("one"), Buffer.from("two")]));
    expect(await recover(path)).toMatchObject({ lastSeq: 2, dropped: undefined });
  } finally {
    await rm(folder, { recursive: true });
  }
});

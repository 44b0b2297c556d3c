/** One agent's records in a spool: a journal of batches, in order of arrival, and where each record is in it. */
import { sumOf } from "@salvo/shared/journal/format.ts";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { openJournal, type Journal } from "@salvo/shared/journal/writer.ts";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import { createBatch, unpack, type Batch, type Source, type SpoolEntry } from "./batch.ts";

export interface Stream {
  readonly journal: Journal;
  readonly batch: Batch;
  readonly arrivals: Arrivals;
  /** Of the payloads that were here when it was opened, by how they came. */
  readonly bytesBefore: Readonly<Record<Source, number>>;
}

/** Throws `corrupt` when the file is not a spool's. */
export async function openStream(path: string): Promise<Stream> {
  await using undo = new AsyncDisposableStack();
  const journal = undo.use(await openJournal(path));
  const arrivals = createArrivals();
  const bytesBefore = { received: 0, backfilled: 0 };
  for await (const { seq: entry, payload: batch } of readJournal(path))
    for (const { seq, source, payload } of unpack(batch)) {
      arrivals.add(seq, entry, sumOf(payload));
      bytesBefore[source] += payload.length;
    }
  undo.move();
  return { journal, batch: createBatch(journal), arrivals, bytesBefore };
}

export async function flushStream({ batch, journal }: Stream): Promise<void> {
  batch.append();
  await journal.flush();
}

/** So many records are put in order in memory at a time. */
const WINDOW_RECORDS = 4096;
const READ_BYTES_MAX = 8 * 1024 * 1024;

/** All records that count, ascending by seq, each once; of two of one number the one that came last. */
export async function* readInOrder({ journal, arrivals }: Stream): AsyncGenerator<SpoolEntry[], void, undefined> {
  for (let first = 1; first <= arrivals.highest; first += WINDOW_RECORDS) {
    const last = Math.min(first + WINDOW_RECORDS - 1, arrivals.highest);
    const entries = new Map<number, SpoolEntry>();
    for (const range of arrivals.ranges(first, last)) {
      for (let from = range.first; from <= range.last;) {
        const batches = await journal.read(from, range.last, READ_BYTES_MAX);
        for (const { seq: number, payload } of batches)
          for (const entry of unpack(payload))
            if (entry.seq >= first && entry.seq <= last && arrivals.entryOf(entry.seq) === number)
              entries.set(entry.seq, entry);
        from += batches.length;
      }
    }
    yield [...entries.values()].sort((a, b) => a.seq - b.seq);
  }
}

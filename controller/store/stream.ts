/** One agent's records in a spool: a journal of batches, in order of arrival, and where each record is in it. */
import { sumOf } from "@salvo/shared/journal/format.ts";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { openJournal, type Journal } from "@salvo/shared/journal/writer.ts";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import { decodeRecord } from "../analysis/decode.ts";
import { createBatch, unpack, type Batch, type Source, type SpoolEntry } from "./batch.ts";

export interface Stream {
  readonly journal: Journal;
  readonly batch: Batch;
  readonly arrivals: Arrivals;
  /** Of its RunEnd, an agent's last record; undefined when that is not here. */
  endSeq: number | undefined;
  /** Of the payloads that were here when it was opened, by how they came. */
  readonly bytesBefore: Readonly<Record<Source, number>>;
}

/** Throws `corrupt` when the file is not a spool's. */
export async function openStream(path: string): Promise<Stream> {
  await using undo = new AsyncDisposableStack();
  const journal = undo.use(await openJournal(path));
  const arrivals = createArrivals();
  const bytesBefore = { received: 0, backfilled: 0 };
  let last: SpoolEntry | undefined;
  for await (const { seq: entry, payload: batch } of readJournal(path))
    for (const record of unpack(batch)) {
      const { seq, source, payload } = record;
      arrivals.add(seq, entry, sumOf(payload));
      bytesBefore[source] += payload.length;
      if (seq >= (last?.seq ?? 0)) last = record;
    }
  undo.move();
  return {
    journal,
    batch: createBatch(journal),
    arrivals,
    endSeq: last && isEnd(last) ? last.seq : undefined,
    bytesBefore,
  };
}

/** A controller of another version may have left what cannot be decoded now. */
function isEnd({ payload }: SpoolEntry): boolean {
  try {
    return decodeRecord(payload).body.case === "end";
  } catch {
    return false;
  }
}

/** The agent's last word is here, and every record before it that may be had: there is no more of it. */
export function isWhole({ arrivals, endSeq }: Stream): boolean {
  return endSeq !== undefined && endSeq === arrivals.highest && arrivals.missing(endSeq).length === 0;
}

export async function flushStream({ batch, journal }: Stream): Promise<void> {
  batch.append();
  await journal.flush();
}

const READ_BYTES_MAX = 8 * 1024 * 1024;

/** A window at a time is put in order in memory. All records that count, ascending by seq, each once; of two of one number the one that came last. */
export async function* readInOrder({ journal, arrivals }: Stream): AsyncGenerator<SpoolEntry[], void, undefined> {
  for (const { first, last } of arrivals.windows()) {
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

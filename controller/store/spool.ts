import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SeqRange } from "@salvo/proto/agent_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { openJournal, type Journal } from "@salvo/shared/journal/writer.ts";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { decodeRecord } from "../analysis/decode.ts";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import { createBatch, unpack, type Batch, type Source, type SpoolEntry } from "./batch.ts";
import { syncFolder } from "./durable.ts";
import { checkedRecord, createRejected } from "./rejected.ts";

/** The controller's copy of what every agent of a run recorded: one journal per agent, in order of arrival. */
export interface Spool extends AsyncDisposable {
  readonly agents: readonly string[];
  /**
   * False when the record is known already, and for what came by NATS and is no record of the run: an unknown agent, a number
   * that is not the record's own, bytes that are none. Those are left out, and told in notes(). From the agent itself they
   * are an error, `corrupt`. It is on the disk within 100 ms, or after flush(). Throws what made the agent's spool fail:
   * `out-of-resources` for a full disk.
   */
  add(agent: string, seq: number, payload: Uint8Array, source: Source): boolean;
  /** What was left out or lost here, in sentences for a reader of the run's figures. */
  notes(): string[];
  /** Resolves when all added so far is on the disk. */
  flush(): Promise<void>;
  /** The highest seq of the agent's records here; 0 without any. */
  highest(agent: string): number;
  /** The agent's last word is here, and every record before it: there is no more of it. */
  isWhole(agent: string): boolean;
  /** What is not here of 1 to lastSeq. */
  missing(agent: string, lastSeq: number): Pick<SeqRange, "first" | "last">[];
  /** All records, ascending by seq, in batches. Flushes first. */
  read(agent: string): AsyncGenerator<SpoolEntry[], void, undefined>;
}

/**
 * Opens the spool in a folder, made when it is missing, with all that was flushed to it before. Throws `wrong-state` when
 * somebody else has it open, `corrupt` when a file in it is not a spool.
 */
export async function openSpool(folder: string, agents: readonly string[]): Promise<Spool> {
  await mkdir(folder, { recursive: true });
  await syncFolder(join(folder, ".."));
  await using undo = new AsyncDisposableStack();
  const streams = new Map<string, Stream>();
  for (const agent of agents) {
    const stream = await openStream(join(folder, `${agent}.journal`));
    undo.use(stream.journal);
    streams.set(agent, stream);
  }
  const journals = undo.move();
  const rejected = createRejected();

  const streamOf = (agent: string): Stream => {
    const stream = streams.get(agent);
    if (stream) return stream;
    throw new SalvoError("not-found", `agent ${agent} is not in this run`, { host: agent, file: folder });
  };
  const flush = async ({ batch, journal }: Stream): Promise<void> => {
    batch.append();
    await journal.flush();
  };

  return {
    agents,
    add(agent, seq, payload, source) {
      try {
        const { arrivals } = streamOf(agent);
        if (arrivals.has(seq)) return false;
        if (checkedRecord(agent, seq, payload).body.case === "end") streamOf(agent).endSeq = seq;
      } catch (error) {
        if (source === "backfilled") throw error;
        rejected.add(toSalvoError(error).message);
        return false;
      }
      const { batch, arrivals } = streamOf(agent);
      arrivals.add(seq, batch.add({ seq, payload, source }));
      return true;
    },
    notes: () => [...[...streams].flatMap(([agent, { journal }]) => droppedNotes(agent, journal)), ...rejected.notes()],
    async flush() {
      await Promise.all([...streams.values()].map(flush));
    },
    highest: (agent) => streamOf(agent).arrivals.highest,
    isWhole(agent) {
      const { arrivals, endSeq } = streamOf(agent);
      return endSeq !== undefined && endSeq === arrivals.highest && arrivals.missing(endSeq).length === 0;
    },
    missing: (agent, lastSeq) => streamOf(agent).arrivals.missing(lastSeq),
    async *read(agent) {
      const stream = streamOf(agent);
      await flush(stream);
      yield* readInOrder(stream);
    },
    async [Symbol.asyncDispose]() {
      try {
        for (const { batch } of streams.values()) batch.append();
      } finally {
        await journals.disposeAsync();
      }
    },
  };
}

interface Stream {
  readonly journal: Journal;
  readonly batch: Batch;
  readonly arrivals: Arrivals;
  /** Of its RunEnd, an agent's last record. */
  endSeq: number | undefined;
}

function droppedNotes(agent: string, { dropped }: Journal): string[] {
  if (!dropped) return [];
  const { bytes, reason } = dropped;
  return [`${bytes} bytes of the controller's copy of ${agent}'s records were not whole and were set aside: ${reason}`];
}

async function openStream(path: string): Promise<Stream> {
  await using undo = new AsyncDisposableStack();
  const journal = undo.use(await openJournal(path));
  const arrivals = createArrivals();
  let last: SpoolEntry | undefined;
  for await (const { seq: entry, payload } of readJournal(path))
    for (const record of unpack(payload)) {
      arrivals.add(record.seq, entry);
      if (record.seq >= (last?.seq ?? 0)) last = record;
    }
  const isEnd = last !== undefined && decodeRecord(last.payload).body.case === "end"; // checked when it came
  undo.move();
  return { journal, batch: createBatch(journal), arrivals, endSeq: isEnd ? last?.seq : undefined };
}

/** So many records are put in order in memory at a time. */
const WINDOW_RECORDS = 4096;
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

async function* readInOrder({ journal, arrivals }: Stream): AsyncGenerator<SpoolEntry[], void, undefined> {
  for (let first = 1; first <= arrivals.highest; first += WINDOW_RECORDS) {
    const last = Math.min(first + WINDOW_RECORDS - 1, arrivals.highest);
    const entries: SpoolEntry[] = [];
    for (const range of arrivals.ranges(first, last)) {
      for (let from = range.first; from <= range.last;) {
        const batch = await journal.read(from, range.last, BATCH_BYTES_MAX);
        for (const { payload } of batch)
          for (const entry of unpack(payload)) if (entry.seq >= first && entry.seq <= last) entries.push(entry);
        from += batch.length;
      }
    }
    yield entries.sort((a, b) => a.seq - b.seq);
  }
}

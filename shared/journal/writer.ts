import { assert } from "../kernel/assert.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { unlessAborted, type Waiting } from "../kernel/signal.ts";
import { nodeFs, type JournalFile, type JournalFs } from "./file.ts";
import { encodeRecord, type JournalRecord } from "./format.ts";
import { createRecent, type Recent } from "./recent.ts";
import { damage, scan, type Dropped, type Recovery } from "./reader.ts";
import { makeWhole } from "./repair.ts";

/** What may wait for the disk. Samples are a few KiB a second: a disk so far behind does not come back. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const READ_BYTES_MAX = 1024 * 1024;

/** The record of truth of one run. Failed once, it stays failed: nothing is appended after a hole. */
export interface Journal extends AsyncDisposable {
  readonly path: string;
  /** What was found at the end of an existing file, and moved to `<path>.dropped`. */
  readonly dropped: Dropped | undefined;
  /** The last record appended; 0 before the first. */
  readonly lastSeq: number;
  /** The last record known to be on the disk. True also after a failure. */
  readonly durableSeq: number;
  /**
   * Takes a copy and returns its number, from 1 without gaps; it is on the disk within flushMs and the time of a write.
   * Throws `out-of-resources` for a payload over 4 MiB, and whatever made the journal fail.
   */
  append(payload: Uint8Array): number;
  /** Resolves when all appended so far is on the disk; throws what made the journal fail. */
  flush(): Promise<void>;
  /** Resolves with durableSeq when it is at least `seq`, or when all is durable after end(); throws what made the journal fail. */
  waitDurable(seq: number, waiting?: Waiting): Promise<number>;
  /**
   * Durable records from `fromSeq` up to `toSeq`, both included, read back from the disk and checked, or from memory when
   * they are recent (see JournalOptions): as many as have payloads of `bytesMax` together, but at least one. None when
   * `fromSeq` is not durable. Throws `corrupt`.
   */
  read(fromSeq: number, toSeq: number, bytesMax?: number): Promise<JournalRecord[]>;
  /** Nothing is appended after this: flushes, and lets followers come to their end. Reading goes on. */
  end(): Promise<void>;
  /** Ends, and lets go of the file; throws what made the journal fail. Followers must be done. */
  close(): Promise<void>;
}

export interface JournalOptions {
  /** How long an appended record may wait for others before all are written together. */
  readonly flushMs?: number;
  /** So much of the newest durable records stays in memory, for readers that keep up with the journal: none by default. */
  readonly recentBytesMax?: number;
  readonly fs?: JournalFs;
}

/**
 * Opens a journal for appending, made when it is missing; there must be one writer only, which whoever holds the folder sees
 * to (shared/process/hold-folder.ts). Throws `corrupt` when
 * it is another kind of file, and what the file system has to say.
 */
export async function openJournal(path: string, options: JournalOptions = {}): Promise<Journal> {
  const { flushMs = 100, recentBytesMax = 0, fs = nodeFs } = options;
  try {
    await using undo = new AsyncDisposableStack();
    const file = await fs.open(path, "write");
    undo.defer(() => file.close());
    const recovery = await makeWhole(file, path, fs);
    undo.move();
    return createJournal({ path, file, recovery, flushMs, recent: createRecent(recentBytesMax) });
  } catch (error) {
    throw toSalvoError(error, { file: path, remedy: "Check that its folder exists, is writable and has space left" });
  }
}

interface Parts {
  readonly path: string;
  readonly file: JournalFile;
  readonly recovery: Recovery;
  readonly flushMs: number;
  readonly recent: Recent;
}

function createJournal({ path, file, recovery, flushMs, recent }: Parts): Journal {
  const { offsets } = recovery;
  let { lastSeq, endByte } = recovery;
  let durableSeq = lastSeq;
  let durableByte = endByte;
  let wantedSeq = durableSeq;
  let waiting: Buffer[] = [];
  let failure: SalvoError | undefined;
  let ended = false;
  let closing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let changed = Promise.withResolvers<void>();

  function announce(): void {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  }

  function fail(error: unknown): SalvoError {
    failure ??= toSalvoError(error, { file: path, remedy: repairRemedy(durableSeq) });
    clearTimeout(timer);
    announce();
    return failure;
  }

  function want(seq: number): void {
    wantedSeq = Math.max(wantedSeq, seq);
    if (!writing && !failure && wantedSeq > durableSeq) writing = writeBatch();
  }

  async function writeBatch(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const frames = waiting;
    const batch = Buffer.concat(frames);
    const batchSeq = lastSeq;
    waiting = [];
    try {
      await file.write(batch, durableByte);
      await file.sync();
      durableByte += batch.length;
      durableSeq = batchSeq;
      recent.keep(frames, batchSeq);
      announce();
    } catch (error) {
      // Never tried again: after a failed fsync the kernel may have dropped the pages and call the next one a success.
      fail(error);
    }
    writing = undefined;
    want(wantedSeq);
  }

  async function waitDurable(seq: number, { signal }: Waiting = {}): Promise<number> {
    for (;;) {
      if (durableSeq >= seq || (ended && durableSeq === lastSeq)) return durableSeq;
      if (failure) throw failure;
      await unlessAborted(changed.promise, signal);
    }
  }

  async function flush(): Promise<void> {
    if (failure) throw failure;
    want(lastSeq);
    await waitDurable(lastSeq);
  }

  async function end(): Promise<void> {
    ended = true;
    announce();
    await flush();
  }

  async function close(): Promise<void> {
    try {
      await end();
    } finally {
      await writing;
      await file.close();
    }
  }

  return {
    path,
    dropped: recovery.dropped,
    get lastSeq() {
      return lastSeq;
    },
    get durableSeq() {
      return durableSeq;
    },
    append(payload) {
      assert(!ended, "append to a journal that has ended");
      if (failure) throw failure;
      const frame = encodeRecord(lastSeq + 1, payload);
      if (endByte + frame.length - durableByte > WAITING_BYTES_MAX) throw fail(diskTooSlow(path));
      lastSeq++;
      offsets.add(lastSeq, endByte);
      endByte += frame.length;
      waiting.push(frame);
      timer ??= setTimeout(() => want(lastSeq), flushMs);
      return lastSeq;
    },
    flush,
    waitDurable,
    async read(fromSeq, toSeq, bytesMax = READ_BYTES_MAX) {
      assert(!closing, "read from a closed journal");
      assert(fromSeq >= 1, `read from record ${fromSeq}`);
      const last = Math.min(toSeq, durableSeq);
      const remembered = recent.read(fromSeq, last, bytesMax);
      if (remembered) return remembered;
      if (fromSeq > last) return [];
      const records = scan(file, offsets.atOrBefore(fromSeq), durableByte, last);
      return readRecords(records, { path, fromSeq, bytesMax });
    },
    end,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function diskTooSlow(file: string): SalvoError {
  return new SalvoError("out-of-resources", `more than ${WAITING_BYTES_MAX} bytes of the journal wait for the disk`, {
    file,
    remedy: "Put the agent's data folder on a disk that is not under test",
  });
}

/** At least one record, and no more than bytesMax of others. Throws `corrupt` for what is damaged. */
async function readRecords(
  records: ReturnType<typeof scan>,
  { path, fromSeq, bytesMax }: { readonly path: string; readonly fromSeq: number; readonly bytesMax: number },
): Promise<JournalRecord[]> {
  const found: JournalRecord[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await records.next();
    if (done) {
      if (value) throw damage(path, value);
      return found;
    }
    if (value.seq < fromSeq) continue;
    bytes += value.payload.length;
    if (found.length > 0 && bytes > bytesMax) return found;
    found.push({ seq: value.seq, payload: value.payload });
  }
}

function repairRemedy(durableSeq: number): string {
  return `Free or repair the disk it is on; its records up to ${durableSeq} are safe`;
}

import type { Waiting } from "../kernel/signal.ts";
import type { JournalRecord } from "./format.ts";
import type { Journal } from "./writer.ts";

/**
 * All records from `fromSeq` on, as soon as they are on the disk: what has become durable meanwhile comes together, at most
 * 1 MiB. A slow reader costs no memory: the journal keeps little of what it has written. Ends after the last record once
 * the journal has ended; throws what made the journal fail, after all that is durable, or the signal's reason.
 */
export async function* follow(
  journal: Journal,
  fromSeq = 1,
  waiting: Waiting = {},
): AsyncGenerator<readonly JournalRecord[], void, undefined> {
  for (let seq = fromSeq; ;) {
    const durableSeq = await journal.waitDurable(seq, waiting);
    if (durableSeq < seq) return;
    const records = await journal.read(seq, durableSeq);
    yield records;
    seq += records.length;
  }
}

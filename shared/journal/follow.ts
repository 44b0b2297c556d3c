import type { Waiting } from "../kernel/signal.ts";
import type { JournalRecord } from "./format.ts";
import type { Journal } from "./writer.ts";

/**
 * Every record from `fromSeq` on, each as soon as it is on the disk. A slow reader costs no memory: records are read back
 * from the file. Ends after the last record once the journal has ended; throws what made the journal fail, after all that
 * is durable, or the signal's reason.
 */
export async function* follow(
  journal: Journal,
  fromSeq = 1,
  waiting: Waiting = {},
): AsyncGenerator<JournalRecord, void, undefined> {
  for (let seq = fromSeq; ;) {
    const durableSeq = await journal.waitDurable(seq, waiting);
    if (durableSeq < seq) return;
    for (const record of await journal.read(seq, durableSeq)) {
      yield record;
      seq = record.seq + 1;
    }
  }
}

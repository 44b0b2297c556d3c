import { RECORD_HEAD_BYTES, type JournalRecord } from "./format.ts";

/** The newest durable records of a journal, so that a reader that keeps up with it costs no reading from the disk. */
export interface Recent {
  /** Frames as encodeRecord makes them, in order; lastSeq is the number of the last. */
  keep(frames: readonly Buffer[], lastSeq: number): void;
  /** Undefined when not all of what is asked for is here; else as Journal.read. */
  read(fromSeq: number, toSeq: number, bytesMax: number): JournalRecord[] | undefined;
}

export function createRecent(bytesMax: number): Recent {
  /** Whole batches of the writer: the oldest goes as one. */
  let batches: { readonly firstSeq: number; readonly frames: readonly Buffer[]; readonly bytes: number }[] = [];
  let bytes = 0;

  return {
    keep(frames, lastSeq) {
      if (bytesMax === 0) return;
      const size = frames.reduce((sum, { length }) => sum + length, 0);
      batches.push({ firstSeq: lastSeq - frames.length + 1, frames, bytes: size });
      bytes += size;
      let gone = 0;
      for (; bytes > bytesMax; gone++) bytes -= batches[gone]?.bytes ?? 0;
      if (gone > 0) batches = batches.slice(gone);
    },
    read(fromSeq, toSeq, bytesMax) {
      const [oldest] = batches;
      if (!oldest || fromSeq < oldest.firstSeq || fromSeq > toSeq) return undefined;
      const found: JournalRecord[] = [];
      let size = 0;
      for (const { firstSeq, frames } of batches) {
        if (firstSeq + frames.length <= fromSeq) continue;
        for (let index = Math.max(0, fromSeq - firstSeq); index < frames.length; index++) {
          const payload = frames[index]?.subarray(RECORD_HEAD_BYTES) ?? Buffer.alloc(0);
          size += payload.length;
          if (firstSeq + index > toSeq || (found.length > 0 && size > bytesMax)) return found;
          found.push({ seq: firstSeq + index, payload });
        }
      }
      return found;
    },
  };
}

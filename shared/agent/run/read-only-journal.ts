import type { SalvoError } from "../../kernel/error.ts";
import { readJournal, recover } from "../../journal/reader.ts";
import type { Journal } from "../../journal/writer.ts";

type ReadOnly = Pick<Journal, "durableSeq" | "read" | "close">;

const READ_BYTES_MAX = 1024 * 1024;

/** The whole records of a journal that cannot be opened for writing. Reading one that is not there throws the problem. */
export async function openReadOnly(path: string, problem: SalvoError): Promise<ReadOnly> {
  // Not even its beginning can be read: the problem says why, and is thrown to whoever asks for a record.
  const durableSeq = await recover(path).then(
    ({ lastSeq }) => lastSeq,
    () => 0,
  );
  return {
    durableSeq,
    async read(fromSeq, toSeq, bytesMax = READ_BYTES_MAX) {
      if (fromSeq > durableSeq) throw problem;
      const found: Awaited<ReturnType<Journal["read"]>> = [];
      let bytes = 0;
      for await (const record of readJournal(path, { lastSeq: Math.min(toSeq, durableSeq) })) {
        if (record.seq < fromSeq) continue;
        bytes += record.payload.length;
        if (found.length > 0 && bytes > bytesMax) break;
        found.push(record);
      }
      return found;
    },
    async close() {},
  };
}

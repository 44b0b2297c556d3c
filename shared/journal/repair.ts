import type { JournalFile, JournalFs } from "./file.ts";
import { encodeHeader, HEADER_BYTES } from "./format.ts";
import { recoverFile, type Dropped, type Recovery } from "./reader.ts";

const COPY_BYTES = 1024 * 1024;

/** Leaves the file with a header and whole records only, all of it on the disk. */
export async function makeWhole(file: JournalFile, path: string, fs: JournalFs): Promise<Recovery> {
  const recovery = await recoverFile(file, path);
  if (recovery.dropped) {
    await setAside(file, recovery.dropped, `${path}.dropped`, fs);
    await file.truncate(recovery.endByte);
  }
  if (recovery.endByte === 0) await file.write(encodeHeader(), 0);
  // Whole records may be in the page cache only: a process can die between its write and its fsync.
  await file.sync();
  await fs.syncDirectoryOf(path);
  return { ...recovery, endByte: Math.max(recovery.endByte, HEADER_BYTES) };
}

/** Damage need not be a torn end: a person can still look for what lies behind it. */
async function setAside(from: JournalFile, { atByte, bytes }: Dropped, path: string, fs: JournalFs): Promise<void> {
  const to = await fs.open(path, "write");
  try {
    const end = await to.size();
    const chunk = Buffer.alloc(Math.min(bytes, COPY_BYTES));
    for (let done = 0; done < bytes;) {
      const got = await from.read(chunk.subarray(0, bytes - done), atByte + done);
      if (got === 0) break;
      await to.write(chunk.subarray(0, got), end + done);
      done += got;
    }
    await to.sync();
  } finally {
    await to.close();
  }
}

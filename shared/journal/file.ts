/** What a journal needs from a file system; tests put a faulty one here. */
import { constants, open } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../files/durable.ts";

export interface JournalFile {
  size(): Promise<number>;
  /** Fills as much of `into` as the file has from byte `at`; the number of bytes read. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** All of the bytes, or throws. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Resolves when all that was written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFs {
  open(path: string, mode: "read" | "write"): Promise<JournalFile>;
  /** Makes the file's name as durable as its content. */
  syncDirectoryOf(path: string): Promise<void>;
}

export const nodeFs: JournalFs = { open: openFile, syncDirectoryOf: (path) => syncFolder(dirname(path)) };

async function openFile(path: string, mode: "read" | "write"): Promise<JournalFile> {
  // 0600: a journal names devices and hosts.
  const handle = await open(path, mode === "read" ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT, 0o600);
  return {
    size: async () => (await handle.stat()).size,
    read: async (into, at) => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    write: async (bytes, at) => {
      // A write may be cut short, by a disk that gets full: the next one then says so.
      for (let done = 0; done < bytes.length;) {
        done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    },
    truncate: (bytes) => handle.truncate(bytes),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

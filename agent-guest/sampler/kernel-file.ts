import { closeSync, openSync, readSync } from "node:fs";

/** A file of /proc or /sys that tells something new whenever it is read from its start. */
export interface KernelFile {
  read(): string;
  close(): void;
}

/** Throws what the system says. bytesMax: what stands behind it is cut off. */
export function openKernelFile(path: string, bytesMax: number): KernelFile {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(bytesMax);
  return {
    read() {
      let length = 0;
      // The kernel gives a page at most of a file with many lines (seq_file.c, seq_read_iter).
      for (let got = -1; got !== 0 && length < bytesMax; length += got)
        got = readSync(file, buffer, length, bytesMax - length, length);
      return buffer.toString("latin1", 0, length);
    },
    close: () => closeSync(file),
  };
}

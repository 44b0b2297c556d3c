import type { FileHandle } from "node:fs/promises";
import { SalvoError } from "../kernel/error.ts";
import { type Head, LINE_BYTES_MAX, readLine, START } from "./entry.ts";

/** The end of a log, as far as the next entry must know it. */
export interface Tail {
  readonly head: Head;
  /** What stands after the last entry and is none: a crash cut it off. */
  readonly torn: Uint8Array;
  /** The last entry is whole but for its newline. */
  readonly unended: boolean;
}

/** More than one torn line, each as long as an entry may be, is not what a crash leaves. */
const TAIL_BYTES_MAX = 4 * LINE_BYTES_MAX;
const FIRST_LOOK_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** Reads from the end, never the whole of a large file. Throws `corrupt` when what stands there was not left by a crash. */
export async function readTail(handle: FileHandle, size: number): Promise<Tail> {
  for (let length = FIRST_LOOK_BYTES; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = Buffer.alloc(size - from);
    await handle.read(bytes, 0, bytes.length, from);
    const tail = lookBack(bytes, from === 0);
    if (tail === "changed" || (tail === undefined && length > TAIL_BYTES_MAX)) throw unwritable();
    if (tail) return tail;
  }
}

/** Undefined when the last entry begins before these bytes. */
function lookBack(bytes: Uint8Array, isWhole: boolean): Tail | "changed" | undefined {
  let end = bytes.length;
  let unended = end > 0 && bytes[end - 1] !== NEWLINE;
  if (!unended) end--;
  while (end > 0) {
    const start = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    if (start === 0 && !isWhole) return undefined;
    const found = readLine(bytes.subarray(start, end));
    if (found === "changed") return found;
    if (found !== "no-entry") {
      const { seq, hash } = found;
      return { head: { seq, hash }, torn: bytes.subarray(unended ? end : end + 1), unended };
    }
    unended = false;
    end = start - 1;
  }
  return isWhole ? { head: START, torn: bytes, unended: false } : undefined;
}

function unwritable(): SalvoError {
  return new SalvoError("corrupt", "its end is not as it was written, and nothing is added to that", {
    remedy: "Look at it with `audit verify`, keep the file, and move it out of the way",
  });
}

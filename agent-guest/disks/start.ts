import type { LabelFound } from "@salvo/shared/agent/domain/guard/facts.ts";
import { LABEL_BYTES, readLabel, RESERVED_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import { closeSync, constants, openSync, readSync } from "node:fs";

const WASM_PAGE_BYTES = 65_536;
/** Node has it; its types are those of browsers. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

/**
 * The start of the disk as it is there, past the page cache: a LUN that was exchanged at the target since it was opened
 * would still look as it did. Through the handle, whatever the path leads to by now. Throws when it cannot all be read.
 */
export function findLabel(fd: number | undefined, startBytes: number): LabelFound {
  if (fd === undefined) throw new Error("the disk could not be opened");
  const found = readLabel(readStart(fd, LABEL_BYTES));
  // A label is one block; that there is nothing can be said of the whole only.
  return found.type === "blank" ? readLabel(readStart(fd, startBytes)) : found;
}

function readStart(fd: number, bytesWanted: number): Buffer {
  const direct = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_DIRECT);
  try {
    const bytes = readSync(direct, aligned(), 0, bytesWanted, 0);
    if (bytes !== bytesWanted) throw new Error(`only ${bytes} bytes could be read`);
    return aligned().subarray(0, bytes);
  } finally {
    closeSync(direct);
  }
}

let memory: Buffer | undefined;

/** Direct I/O wants aligned memory. Node has no such buffers, but memory of WebAssembly starts at a page. Used again. */
function aligned(): Buffer {
  memory ??= Buffer.from(new WebAssembly.Memory({ initial: Number(RESERVED_BYTES) / WASM_PAGE_BYTES }).buffer);
  return memory;
}

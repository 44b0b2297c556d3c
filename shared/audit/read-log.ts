import { createReadStream } from "node:fs";
import { toSalvoError } from "../kernel/error.ts";
import { type Entry, LINE_BYTES_MAX } from "./entry.ts";
import { createVerifier, type Verification } from "./verify.ts";

const NEWLINE = 0x0a;

/**
 * Verifies a log of any size, a line at a time; onEntry gets each entry that is one. Throws what the file system says:
 * `not-found` when there is none.
 */
export async function verifyLog(file: string, onEntry: (entry: Entry) => void = () => {}): Promise<Verification> {
  const verifier = createVerifier(onEntry);
  try {
    for await (const line of linesOf(file)) verifier.line(line);
  } catch (error) {
    throw toSalvoError(error, { file });
  }
  return verifier.result();
}

/** Each with its newline. What is longer than any entry is given in parts, and none of them is an entry. */
async function* linesOf(file: string): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  // Without an encoding a stream of a file gives buffers.
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE) + 1; end > 0; end = rest.indexOf(NEWLINE) + 1) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
    if (rest.length > 4 * LINE_BYTES_MAX) {
      yield rest;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield rest;
}

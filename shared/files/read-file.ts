/** Files that a person names: a lab file, a token, a key. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { SalvoError, toSalvoError } from "../kernel/error.ts";

export interface ReadOptions {
  /** In bytes. */
  readonly bytesMax: number;
  /** For a file that does not exist, or that this user may not read. */
  readonly remedy?: string;
  /** Refuses a file that other users of this host can read. */
  readonly secret?: boolean;
}

/**
 * Reads a plain file. A pipe or a device could be read for ever, so it is `invalid-input`, and so is a larger file. Throws
 * `not-found` or `refused` when the system does, and `refused` for a secret that others can read.
 */
export async function readPlainFile(file: string, options: ReadOptions): Promise<Buffer> {
  const { bytesMax, remedy, secret = false } = options;
  try {
    // Without O_NONBLOCK, opening a pipe waits for somebody who writes. Windows has no such flag and no such pipes.
    await using handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = await handle.stat();
    if (!stat.isFile())
      throw new SalvoError("invalid-input", "this is not a plain file", {
        file,
        remedy: "Give the path of a file; save what comes through a pipe to a file first",
      });
    if (secret) refuseShared(file, stat.mode);
    if (stat.size > bytesMax)
      throw new SalvoError("invalid-input", `the file has ${stat.size} bytes; at most ${bytesMax} are read`, { file });
    const bytes = Buffer.alloc(bytesMax + 1);
    const length = await readInto(bytes, (at) => handle.read(bytes, at, bytes.length - at));
    if (length > bytesMax)
      throw new SalvoError("invalid-input", `the file has more than ${bytesMax} bytes, and is not read`, { file });
    return Buffer.from(bytes.subarray(0, length));
  } catch (cause) {
    throw toSalvoError(cause, { file, ...(remedy !== undefined && { remedy }) });
  }
}

/** Throws `invalid-input` for bytes that are not UTF-8, and as readPlainFile. */
export async function readPlainText(file: string, options: ReadOptions): Promise<string> {
  const bytes = await readPlainFile(file, options);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SalvoError("invalid-input", "the file is not UTF-8 text", { file, cause });
  }
}

/** Windows has no such mode bits: there they are always set. */
function refuseShared(file: string, mode: number): void {
  if ((mode & 0o077) === 0 || process.platform === "win32") return;
  throw new SalvoError("refused", "other users of this host can read this secret", {
    file,
    remedy: `Type: chmod 600 ${file}`,
  });
}

/** A file may grow while it is read, so the buffer is the limit. Gives the number of bytes read. */
async function readInto(bytes: Buffer, read: (at: number) => Promise<{ readonly bytesRead: number }>): Promise<number> {
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await read(length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

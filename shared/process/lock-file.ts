import { closeSync, constants, fchmodSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SalvoError, toSalvoError } from "../kernel/error.ts";

/**
 * Takes a file's lock for this process; undefined while somebody else has it. The kernel gives it back when the process
 * dies, however it dies. Throws `refused` or `out-of-resources`, with what SQLite says, when the file cannot be locked at all.
 *
 * Node has no file locks of its own, but its SQLite has: an exclusive transaction on an empty database is a kernel lock
 * on that file. Unlike a socket's name it also holds between containers and, as far as the file system locks, hosts.
 */
export function tryLock(file: string): Disposable | undefined {
  let database: DatabaseSync | undefined;
  try {
    makePrivate(file);
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
    if (code === SQLITE_BUSY) return undefined;
    throw new SalvoError(
      code === SQLITE_FULL ? "out-of-resources" : "refused",
      `${file} cannot be locked: ${toSalvoError(error).message}`,
      {
        cause: error,
        remedy: "Give a folder that this user can write to, on a file system with locks and space left",
      },
    );
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

/** Whoever may open the file could lock it, and so block its owner. SQLite would make it readable by others. */
function makePrivate(file: string): void {
  // Not through a link: what it leads to is not ours to change. Windows has no such flag.
  const flags = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const handle = openSync(file, flags, 0o600);
  try {
    fchmodSync(handle, 0o600);
  } finally {
    closeSync(handle);
  }
}

/** From sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

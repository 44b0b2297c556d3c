import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SalvoError, toSalvoError } from "../kernel/error.ts";

export interface HeldFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/**
 * Takes a data folder for this process, and makes it when it is missing. who is what holds such folders, for the error: a
 * "controller". Throws `refused`, with the pid and host of whoever has it, or what the file system says. The kernel gives
 * it back when the process dies, however it dies.
 */
export async function holdFolder(path: string, who: string): Promise<HeldFolder> {
  const folder = resolve(path);
  const remedy = "Give a data folder that this user can write to";
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toSalvoError(error, { file: folder, remedy });
  }
  const release = await lock(folder, who);
  try {
    await writeFile(holderFile(folder), JSON.stringify({ pid: process.pid, host: hostname() }));
  } catch (error) {
    release();
    throw toSalvoError(error, { file: folder, remedy });
  }
  return { path: folder, [Symbol.asyncDispose]: async () => release() };
}

/**
 * Node has no file locks of its own, but its SQLite has: an exclusive transaction on an empty database is a kernel lock
 * on that file. Unlike a socket's name it also holds between containers and, as far as the file system locks, hosts.
 */
async function lock(folder: string, who: string): Promise<() => void> {
  const file = join(folder, "lock");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY))
      throw new SalvoError("refused", `the data folder cannot be locked: ${String(error)}`, {
        file,
        cause: error,
        remedy: "Give a data folder that this user can write to, on a file system with locks and space left",
      });
    throw new SalvoError("refused", `another ${who} has this data folder: ${await holder(folder)}`, {
      file: folder,
      cause: error,
      remedy: `Stop it, or give each ${who} a data folder of its own`,
    });
  }
  const held = database;
  return () => held.close();
}

/** From sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

const holderFile = (folder: string) => join(folder, "holder.json");

async function holder(folder: string): Promise<string> {
  try {
    const { pid, host }: { pid?: unknown; host?: unknown } = JSON.parse(await readFile(holderFile(folder), "utf8"));
    return `pid ${String(pid)} on ${String(host)}`;
  } catch {
    // It has the lock, but has not written its name yet.
    return "one that is just starting";
  }
}

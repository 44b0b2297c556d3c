import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { tryLock } from "./lock-file.ts";

export interface HeldFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/**
 * Takes a data folder for this process, and makes it when it is missing. who is what holds such folders, for the error: a
 * "controller". Throws `refused`, with the pid and host of whoever has it, and for a folder of other users, or what the file system says. The kernel gives
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
  await checkOwn(folder);
  const held = await lock(folder, who);
  try {
    await writeFile(holderFile(folder), JSON.stringify({ pid: process.pid, host: hostname() }), { mode: 0o600 });
  } catch (error) {
    held[Symbol.dispose]();
    throw toSalvoError(error, { file: folder, remedy });
  }
  return { path: folder, [Symbol.asyncDispose]: async () => held[Symbol.dispose]() };
}

/**
 * Whoever owns a folder, or may write to it, can put links and files of their own in place of ours, and read what we keep there.
 * Throws `refused` for such a folder. On Windows the access list that agent-windows/install.ps1 sets sees to it.
 */
export async function checkOwn(folder: string): Promise<void> {
  const self = process.getuid?.();
  if (self === undefined) return;
  const { uid, mode } = await stat(folder).catch((error: unknown) => {
    throw toSalvoError(error, { file: folder });
  });
  if (uid !== self && uid !== ROOT)
    throw new SalvoError("refused", `this folder belongs to another user of this host (uid ${uid})`, {
      file: folder,
      remedy: `Name another folder; if nobody else has touched this one, type: chown ${self} ${folder}`,
    });
  if ((mode & 0o002) !== 0)
    throw new SalvoError("refused", "other users of this host can write to this folder", {
      file: folder,
      remedy: `Name another folder; if nobody else has touched this one, type: chmod o-w ${folder}`,
    });
}

const ROOT = 0;

async function lock(folder: string, who: string): Promise<Disposable> {
  const held = tryLock(join(folder, "lock"));
  if (held) return held;
  throw new SalvoError("refused", `another ${who} has this data folder: ${await holder(folder)}`, {
    file: folder,
    remedy: `Stop it, or give each ${who} a data folder of its own`,
  });
}

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

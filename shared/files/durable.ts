/** Files that are on the disk, name and content, when a function here returns. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { toSalvoError } from "../kernel/error.ts";

const REMEDY = "Make sure that this user can write to its folder, and that the disk has space left";

/**
 * Puts a file in its place that only this user may read (0600). A reader sees the old file or the new one, never a part.
 * Makes the folder (0700). Errors name the file, never what was to be in it. Windows knows no modes: there the access list
 * of the folder above says who may read, which agent-windows/install.ps1 sets.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const fresh = freshName(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeNew(fresh, content);
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(fresh, { force: true });
    throw toSalvoError(error, { file: path, remedy: REMEDY });
  }
}

/** As replaceFile, for those who cannot wait: nothing else happens in this process meanwhile. The folder is there. */
export function replaceFileSync(path: string, content: string): void {
  const fresh = freshName(path);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, content, { mode: 0o600, flag: "wx", flush: true });
    renameSync(fresh, path);
    syncFolderSync(dirname(path));
  } catch (error) {
    rmSync(fresh, { force: true });
    throw toSalvoError(error, { file: path, remedy: REMEDY });
  }
}

/** A name that was made or removed in a folder stays so after a crash. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // A folder cannot be synced there; NTFS journals names by itself.
  await syncFile(path);
}

export async function syncFile(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}

function syncFolderSync(path: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Two writers of one file do not meet in one name. */
function freshName(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.new`;
}

async function writeNew(path: string, content: string): Promise<void> {
  // Never a file that is there: its mode, or where it links to, would be somebody else's choice.
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(content);
  await file.sync();
}

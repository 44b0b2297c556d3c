import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { toSalvoError } from "../kernel/error.ts";

/**
 * Puts a file in its place that only this user may read (0600), on the disk when this returns; a reader sees the old one
 * or the new one, never a part. Makes its folder (0700). Errors name the file, never what was to be in it. Windows knows no
 * modes: there the access list of the folder above says who may read, which agent-windows/install.ps1 sets.
 */
export async function writeSecret(path: string, content: string): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeNew(fresh, content);
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(fresh, { force: true });
    throw toSalvoError(error, { file: path, remedy: "Give a folder that this user can write to" });
  }
}

/** A name that was made or removed in a folder stays so after a crash. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // A folder cannot be synced there; NTFS journals names by itself.
  await using folder = await open(path, "r");
  await folder.sync();
}

async function writeNew(path: string, content: string): Promise<void> {
  // Never a file that is there: its mode, or where it links to, would be somebody else's choice.
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(content);
  await file.sync();
}

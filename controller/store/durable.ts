/** Files that are on the disk, name and content, when a function here returns. */
import { open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";

export async function writeDurably(path: string, content: string): Promise<void> {
  await naming(path, () => writeFile(path, content, { flush: true }));
  await syncFolder(dirname(path));
}

/** A reader sees the old file or the new one, never a part. */
export async function replaceDurably(path: string, content: string): Promise<void> {
  await naming(path, () => writeFile(`${path}.new`, content, { flush: true }));
  await rename(`${path}.new`, path);
  await syncFolder(dirname(path));
}

export async function syncFile(path: string): Promise<void> {
  await using handle = await open(path, "r");
  await handle.sync();
}

/** The names in a folder are as durable as its files after this. */
export const syncFolder = syncFile;

/** Node does not say which file it was that a full disk did not take. */
async function naming(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw toSalvoError(error, { file, remedy: "Make sure that its folder is writable and has space left" });
  }
}

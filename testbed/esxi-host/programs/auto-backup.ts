import { copyFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { FACTS } from "../versions.ts";
import type { ProgramCall } from "./call.ts";

const SAVED = "/.stand-in/saved";

/**
 * Keeps /etc for the next boot. A host of 8.x keeps only files that were part of its image and were edited in place: a file
 * that somebody made, copied or moved there is gone after a reboot, without a word.
 */
export function autoBackup({ read, write }: ProgramCall): void {
  const onlyMarked = FACTS[read().version].keepsOnlyMarkedFiles;
  // Each line is an inode and its path, as the boot saw them.
  const marked = new Set(readFileSync("/.stand-in/marked", "utf8").trimEnd().split("\n"));
  for (const name of readdirSync(SAVED)) rmSync(join(SAVED, name), { recursive: true });
  for (const file of filesBelow("/etc")) {
    if (onlyMarked && !marked.has(`${lstatSync(file).ino} ${file}`)) continue;
    const copy = join(SAVED, file.slice("/etc".length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
  write(
    "Files /etc/vmware/dvsdata.db and /tmp/auto-backup.1/etc/vmware/dvsdata.db differ\nSaving current state in /bootbank\nClock updated.\n",
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

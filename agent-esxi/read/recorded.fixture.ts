/**
 * What hosts printed, from docs/esxi.md's sources. Files of the folder `completed` were completed by hand: only some of their lines
 * were published, and the rest has the same form.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["fixtures", "fixtures/completed"].map((folder) => join(import.meta.dirname, folder));

export function recorded(name: string): string {
  const file = FOLDERS.map((folder) => join(folder, `${name}.txt`)).find((each) => existsSync(each));
  if (file === undefined) throw new Error(`there is no output ${name} in ${FOLDERS.join(" or ")}`);
  return readFileSync(file, "utf8");
}

export function allRecorded(): string[] {
  const files = FOLDERS.flatMap((folder) => readdirSync(folder));
  return files.filter((file) => file.endsWith(".txt")).map((file) => file.replace(/\.txt$/, ""));
}

/** Recorded outputs: what hosts printed, from docs/esxi.md's sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function recorded(name: string): string {
  return readFileSync(join(import.meta.dirname, "fixtures", `${name}.txt`), "utf8");
}

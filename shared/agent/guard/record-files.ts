import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { toSalvoError } from "../../kernel/error.ts";

/** Paths of the records in a folder of the agent's data; none when there is no folder yet. */
export async function recordFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return [];
    throw error;
  }
}

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../files/durable.ts";
import { toSalvoError } from "../../kernel/error.ts";
import { type Label } from "../domain/guard/facts.ts";
import { parseLabel } from "../domain/guard/label.ts";

/** What this agent has claimed, by device name: the other half of a label, kept in the agent's data folder. */
export interface Claims {
  /** undefined when there is none, or none that can be read as one. */
  read(device: string): Promise<Label | undefined>;
  /** Durable when it resolves. */
  write(label: Label): Promise<void>;
  remove(device: string): Promise<void>;
}

export function openClaims(dataDir: string): Claims {
  const folder = join(dataDir, "claims");
  const fileOf = (device: string) => join(folder, `${device}.json`);
  return {
    async read(device) {
      try {
        return parseLabel(await readFile(fileOf(device), "utf8"));
      } catch (error) {
        if (toSalvoError(error).kind === "not-found") return undefined;
        throw error;
      }
    },
    write: (label) => replaceFile(fileOf(label.device), `${JSON.stringify(label)}\n`),
    remove: (device) => rm(fileOf(device), { force: true }),
  };
}

import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
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
    async write(label) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = fileOf(label.device);
      {
        await using draft = await open(`${file}.new`, "w", 0o600);
        await draft.writeFile(`${JSON.stringify(label)}\n`);
        await draft.sync();
      }
      await rename(`${file}.new`, file);
      await using entry = await open(folder);
      await entry.sync();
    },
    remove: (device) => rm(fileOf(device), { force: true }),
  };
}

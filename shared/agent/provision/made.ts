import { readFile } from "node:fs/promises";
import { replaceFile } from "../../files/durable.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";

/** What this agent has made on its host, by id: the only things that it may change or remove. */
export interface Made {
  read(): Promise<Set<string>>;
  /** On the disk when it resolves. */
  write(ids: ReadonlySet<string>): Promise<void>;
}

/** In a file of the agent's data folder. Throws `corrupt` when that was changed to something else. */
export function openMade(file: string): Made {
  return {
    async read() {
      try {
        return parse(await readFile(file, "utf8"), file);
      } catch (error) {
        if (toSalvoError(error).kind === "not-found") return new Set();
        throw error;
      }
    },
    write: (ids) => replaceFile(file, `${JSON.stringify([...ids].toSorted(), undefined, 1)}\n`),
  };
}

function parse(text: string, file: string): Set<string> {
  const ids = listOf(text);
  if (Array.isArray(ids) && ids.every((id) => typeof id === "string")) return new Set(ids);
  throw new SalvoError("corrupt", "this is no list of what the agent has made", {
    file,
    remedy: "Move it away; what was made is then nobody's, and must be removed by hand",
  });
}

function listOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

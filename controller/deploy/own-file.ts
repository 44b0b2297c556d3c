import { isThere } from "@salvo/shared/files/is-there.ts";
import { dirname, join } from "node:path";
import { parseAgentConfig } from "@salvo/shared/config/files.ts";
import { FILE_BYTES_MAX } from "@salvo/shared/config/syntax.ts";
import { readPlainText } from "@salvo/shared/files/read-file.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

export interface OwnFile {
  readonly path: string;
  readonly text: string;
}

/** `agents/ID.yaml` beside the lab file; read before anything is done, so that a mistake in it is found here. */
export async function readOwnFile(id: string, labFile: string): Promise<OwnFile | undefined> {
  const path = join(dirname(labFile), "agents", `${id}.yaml`);
  if (!isThere(path)) return undefined;
  const text = await readPlainText(path, { bytesMax: FILE_BYTES_MAX });
  const { id: named } = parseAgentConfig(text, path);
  if (named === id) return { path, text };
  throw new SalvoError("invalid-input", `it is the file of agent ${named}, but named after ${id}`, { file: path });
}

import { rm } from "node:fs/promises";
import { readPlainText } from "../../files/read-file.ts";
import { SalvoError } from "../../kernel/error.ts";

export interface JoinCommand {
  readonly controller: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly dir: string;
}

/** Throws `invalid-input` without a token; a token's file is removed when the lab has taken it. */
export async function joinLab({ controller, token, tokenFile, dir }: JoinCommand) {
  const { join } = await import("./join.ts");
  if (tokenFile === undefined) {
    if (token !== undefined) return join({ controller, token, folder: dir });
    throw new SalvoError("invalid-input", "--token-file or --token is needed");
  }
  const text = await readPlainText(tokenFile, { bytesMax: 4096 });
  const joined = await join({ controller, token: text, folder: dir });
  await rm(tokenFile);
  return joined;
}

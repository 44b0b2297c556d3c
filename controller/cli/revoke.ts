import { loadLab } from "@salvo/shared/config/files.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

export interface RevokeCommand {
  readonly lab: string;
  readonly agent: string;
}

export async function revokeAgent({ lab: file, agent }: RevokeCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  await lab.revoke(agent);
  io.stderr.write(`agent ${agent} is revoked: nothing is asked of it any more, and its id is never used again\n`);
  return EXIT.ok.code;
}

import { loadLab } from "@salvo/shared/config/files.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

/** Of a server that the controller does not start itself. */
const NATS_HINT = "NATS does not know: write its files again with salvo nats config, and reload it\n";

export interface RevokeCommand {
  readonly lab: string;
  readonly agent: string;
}

export async function revokeAgent({ lab: file, agent }: RevokeCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  await lab.revoke(agent);
  io.stderr.write(
    `agent ${agent} is revoked: the controller asks nothing of it any more, and its id is never used again\n`,
  );
  if (message.nats?.credentials)
    io.stderr.write("NATS does not know: the people who run it must take back the agent's credentials\n");
  else if (message.nats) io.stderr.write(NATS_HINT);
  return EXIT.ok.code;
}

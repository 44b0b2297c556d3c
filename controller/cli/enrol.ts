import { once } from "node:events";
import { loadLab } from "@salvo/shared/config/files.ts";
import { serveEnrolment } from "../service/enrolment.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { cliLogger } from "./logger.ts";

export const DEFAULT_PORT = 7440;

export interface EnrolCommand {
  readonly lab: string;
  readonly listen: string;
}

/** Lets hosts with a token in until Ctrl-C; prints where it listens, then who has joined. */
export async function serveJoins({ lab: file, listen }: EnrolCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  using stop = io.stop();
  if (message.nats && !message.nats.credentials)
    io.stderr.write(
      "NATS does not learn who joins here: afterwards write its files again with salvo nats config, and reload it\n",
    );
  await using server = await serveEnrolment({
    lab,
    address: listen,
    log: cliLogger(),
    onJoined: (agent, peer) => io.stdout.write(`${JSON.stringify({ joined: agent, from: peer })}\n`),
  });
  io.stdout.write(`${JSON.stringify({ enrolling: message.name, address: server.address })}\n`);
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  return EXIT.ok.code;
}

import { loadLab } from "@salvo/shared/config/files.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { expectedOf, openChannels } from "../service/channels.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { ofAgent } from "../domain/of-agent.ts";

const ANSWER_MS = 10_000;

/** Makes the certificate before this one worthless: to each agent from the moment at which it has seen the new one. */
export async function renewController({ lab: file }: { readonly lab: string }, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  await (await openLabOf(file, message)).renewController(Date.now());
  using channels = openChannels(await openLabOf(file, message));
  const problems = await Promise.all(
    message.agents.map(async (agent) => {
      try {
        await channels.describe(expectedOf(agent), { deadlineMs: ANSWER_MS });
        return [];
      } catch (error) {
        return [ofAgent(agent.id, toSalvoError(error).describe())];
      }
    }),
  );
  const missed = problems.flat();
  for (const problem of missed) io.stderr.write(`${problem}\n`);
  const told = message.agents.length - missed.length;
  io.stderr.write(
    `the controller has a new certificate; ${told} of ${message.agents.length} agents refuse the old one\n`,
  );
  if (missed.length > 0)
    io.stderr.write("the others accept the old one until the controller asks them anything; type: salvo agents\n");
  if (message.nats)
    io.stderr.write("NATS still accepts the old one: write its files again with salvo nats config, and reload it\n");
  return missed.length === 0 ? EXIT.ok.code : EXIT.environment.code;
}

import { loadLab } from "@salvo/shared/config/files.ts";
import { openController } from "../service/controller.ts";
import { busTls } from "../service/nats-access.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { watchNats } from "./nats-watch.ts";
import { storageOfScenarios } from "./scenario-storage.ts";
import { VERSION } from "./version.ts";
import { cliLogger, openSession } from "./session.ts";

export interface ResumeCommand {
  readonly lab: string;
  readonly data: string;
  readonly json?: boolean;
}

export async function resumeRuns({ lab: labFile, data, json = false }: ResumeCommand, io: Io): Promise<number> {
  const lab = await loadLab(labFile);
  const identities = await openLabOf(labFile, lab.message);
  const tls = await busTls(lab.message.nats, identities);

  using session = openSession({ io, json });
  await using background = new AsyncDisposableStack();
  background.use(watchNats(lab.message.nats?.url, tls, session.say));
  await using controller = await openController({
    dataDir: data,
    natsUrl: lab.message.nats?.url,
    natsTls: tls,
    lab: identities,
    host: lab.message.host,
    version: VERSION,
    logger: cliLogger(),
  });
  const { channels } = controller;
  const storage = storageOfScenarios({ dataDir: data, lab: lab.message, identities, channels, session });
  // Here people wait for agents that were away before; no other command does.
  const resumed = await session.resumeAll(
    { ...controller, resume: (options) => controller.resumeAll(options) },
    storage,
  );
  if (resumed.length === 0 && !session.foundStorage) session.say("nothing was left open");
  return session.conclude(resumed);
}

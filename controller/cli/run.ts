import { randomBytes } from "node:crypto";
import { loadLab, loadStudy } from "@salvo/shared/config/files.ts";
import { type Cell, checkStudy, planRuns } from "../domain/matrix.ts";
import { devicePlaces } from "../domain/study-places.ts";
import { openController } from "../service/controller.ts";
import { storageOfScenarios } from "./scenario-storage.ts";
import { busTls } from "../service/nats-access.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { lookAtAgents } from "./look.ts";
import { watchNats } from "./nats-watch.ts";
import { VERSION } from "./version.ts";
import { cliLogger, openSession } from "./session.ts";

export interface RunCommand {
  readonly study: string;
  readonly lab: string;
  readonly data: string;
  readonly seconds?: number;
  readonly repeats?: number;
  readonly only?: string;
  readonly json?: boolean;
}

export async function runStudy(
  { study: studyFile, lab: labFile, data, json = false, ...choice }: RunCommand,
  io: Io,
): Promise<number> {
  const [study, lab] = await Promise.all([loadStudy(studyFile), loadLab(labFile)]);
  const violations = checkStudy(study.message, lab.message);
  if (violations.length > 0) throw study.refuse(violations);
  const specs = planRuns({ study: study.message, lab: lab.message, newRunId: runIds(new Date()), ...choice });
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
  const storage = storageOfScenarios({
    dataDir: data,
    lab: lab.message,
    identities,
    channels: controller.channels,
    session,
  });
  const resumed = await session.resumeAll(controller, storage);
  await lookAtAgents(controller.channels, specs, {
    lab: lab.message,
    say: session.say,
    signal: session.stopped,
    placeOf: devicePlaces(study),
  });
  const ran = await session.runAll(controller, specs, storage);
  return session.conclude([...resumed, ...ran]);
}

/** 20261122-2015-001-4k-randread-x7k2: when, which of this command's runs, what, and a part that makes it unique. */
export function runIds(now: Date): (cell: Pick<Cell, "workload">) => string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, "").replace("T", "-").slice(0, 13);
  const unique = randomBytes(4).toString("hex").slice(0, 4);
  let count = 0;
  return ({ workload }) => `${stamp}-${String(++count).padStart(3, "0")}-${workload.name.slice(0, 32)}-${unique}`;
}

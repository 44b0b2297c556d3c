import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadLab } from "@salvo/shared/config/files.ts";
import { parseAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { reportOfRuns } from "../report/of-runs.ts";
import { openChannels } from "../service/channels.ts";
import { runStudy } from "../service/study/runner.ts";
import { buildAssets } from "../web/assets.ts";
import { openDesk } from "../web/desk.ts";
import { agentsOf, sealedRunsOf } from "../web/lab.ts";
import { serveConsole } from "../web/serve.ts";
import { createSessions, LINK_LIFE_MS } from "../web/sessions.ts";
import { listStudies, planFile } from "../web/studies.ts";
import type { Io } from "./io.ts";
import { placeOf } from "./study-place.ts";
import { VERSION } from "./version.ts";

export interface ServeCommand {
  readonly lab: string;
  readonly data: string;
  readonly listen: string;
  readonly studies: string;
}

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Until Ctrl-C, which stops the present study in order. */
export async function serveLab({ lab: labFile, data, listen, studies }: ServeCommand, io: Io): Promise<number> {
  const { message: lab } = await loadLab(labFile);
  const address = parseAddress(listen);
  if (!address) throw new SalvoError("invalid-input", `--listen ${listen} is no address like 127.0.0.1:8443`);
  if (WILDCARDS.has(address.host))
    throw new SalvoError("invalid-input", `--listen ${listen} names no host, and browsers must be told one`, {
      remedy: "Give the name or address under which browsers reach this host, like --listen 192.168.10.5:8443",
    });
  await listStudies(studies, lab); // a folder that is not there is told now
  using stop = io.stop(() => void io.stderr.write("\nthe console ends; a study that runs is stopped in order\n"));
  const place = await placeOf(labFile, lab, { data, signal: stop.signal });
  const { identities } = place;
  using channels = openChannels(identities);
  const sessions = createSessions(Date.now);
  await using desk = openDesk({
    check: async (file) => void (await planFile(studies, file, lab)),
    async run(file, signal) {
      const { specs, placeOf: places } = await planFile(studies, file, lab);
      const { audit, who } = identities;
      await audit.around({ who, what: "study start", details: { file: join(studies, file) } }, async () => {});
      return runStudy(specs, { ...place, placeOf: places, signal: AbortSignal.any([place.signal, signal]) });
    },
  });
  await using server = await serveConsole(address, identities, {
    version: VERSION,
    desk,
    sessions,
    assets: await buildAssets(),
    studies: () => listStudies(studies, lab),
    agents: () => agentsOf(lab, channels),
    runs: () => sealedRunsOf(data),
    report: (runs) => reportOfRuns(data, runs),
    nowMs: Date.now,
  });
  const printLink = () => void io.stdout.write(`${server.url}/#${sessions.link()}\n`);
  printLink();
  io.stderr.write(
    `Open this link in a browser within ${LINK_LIFE_MS / 60_000} minutes. It works once; Enter prints a new one; Ctrl-C ends.\n` +
      `The console's certificate is of the lab's own authority: import ca/ca.pem of the lab's folder, or accept it once.\n`,
  );
  using _ = onEnter(printLink);
  await new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
    if (stop.signal.aborted) resolve(); // while the page was made
  });
  return EXIT.ok.code;
}

/** For a person at the terminal; a service has none. */
function onEnter(act: () => void): Disposable {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", act);
  return { [Symbol.dispose]: () => lines.close() };
}

import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { type BundleOs, makeBundle, openBundle } from "../deploy/bundle.ts";
import { readOwnFile } from "../deploy/own-file.ts";
import { printDeployment } from "../deploy/print.ts";
import { operator } from "@salvo/shared/audit/operator.ts";
import { expectedOf } from "../service/channels.ts";
import { openLabAudit } from "./audit-log.ts";
import type { DeployCommand } from "./deploy.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { cliLogger } from "./logger.ts";

export interface PrintCommand extends Pick<DeployCommand, "lab" | "agents" | "bundle"> {
  readonly os: BundleOs;
}

/** The line on stdout, and nothing else there; how it goes on stderr. */
export async function printLine(command: PrintCommand, io: Io): Promise<number> {
  const { message } = await loadLab(command.lab);
  const [id] = command.agents;
  const agent = message.agents.find((each) => each.id === id);
  if (!agent || command.agents.length !== 1)
    throw new SalvoError("invalid-input", "--print needs one agent of the lab file", {
      file: command.lab,
      remedy: `It has ${message.agents.map((each) => each.id).join(", ")}`,
    });
  const lab = await openLabOf(command.lab, message);
  using stop = io.stop();
  await using audit = await openLabAudit(command.lab);
  const own = command.os === "linux" ? await readOwnFile(agent.id, command.lab) : undefined;
  const { os, bundle: file } = command;
  const bundle = await (file === undefined ? makeBundle({ signal: stop.signal }, os) : openBundle(file, os));
  const details = { agent: agent.id, address: agent.address, program: bundle.folder, sha256: bundle.sha256 };
  await audit.around({ who: operator(), what: "deploy-print", details }, () =>
    printDeployment(agent, {
      lab,
      labHost: message.host,
      ownFile: own,
      bundle,
      os,
      expected: expectedOf(agent),
      show: (line) => io.stdout.write(`${line}\n`),
      say: (line) => io.stderr.write(`${agent.id}: ${line}\n`),
      log: cliLogger(),
      signal: stop.signal,
    }),
  );
  return EXIT.ok.code;
}

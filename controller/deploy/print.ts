import { RunPhase } from "@salvo/proto/agent_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { anyHostLike, formatAddress, isLoopback, requireAddress } from "@salvo/shared/kernel/address.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { TOKEN_LIFE_MAX_MS } from "@salvo/shared/identity/token.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import { type ExpectedAgent, openChannels } from "../service/channels.ts";
import { serveEnrolment } from "../service/enrolment.ts";
import type { Bundle, BundleOs } from "./bundle.ts";
import { serveOneFile } from "./one-file.ts";
import { linuxLine, windowsLine } from "./paste-line.ts";
import type { OwnFile } from "./own-file.ts";
import { agentFile, listenOf } from "./plan.ts";

export interface PrintDeps {
  readonly lab: LabFolder;
  /** `host` of the lab file: where agents reach this host. */
  readonly labHost: string;
  /** `agents/ID.yaml` beside the lab file, if there is one; for Linux. */
  readonly ownFile: OwnFile | undefined;
  readonly bundle: Bundle;
  readonly os: BundleOs;
  readonly expected: ExpectedAgent;
  /** Gets the line, once it can be used. */
  readonly show: (line: string) => void;
  readonly say: (line: string) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const ANSWER_MS = 90_000;
const ASK_MS = 5_000;
const PAUSE_MS = 500;

/**
 * For a host without SSH: shows a line to paste there, and serves what it needs until the agent has joined and answers. Throws
 * `timeout` when the line was not used while its token was good, or the agent does not answer afterwards.
 */
export async function printDeployment(agent: LabAgent, deps: PrintDeps): Promise<void> {
  const { lab, labHost, bundle, expected, say, signal } = deps;
  await refuseAtRun(lab, expected, signal);
  const local = isLoopback({ host: labHost });
  if (local) say(`the lab's host is ${labHost}: the line works on this host alone. Write host: into the lab file`);
  const listen = local ? labHost : anyHostLike(labHost);
  const joined = Promise.withResolvers<void>();
  await using file = await serveOneFile(bundle.file, {
    host: listen,
    onFailure: (error) => say(`a download was cut short: ${toSalvoError(error).message}`),
  });
  await using enrolment = await serveEnrolment({
    lab,
    address: formatAddress({ host: listen, port: 0 }),
    log: deps.log,
    onJoined: (id, peer) => {
      say(`${id} has joined from ${peer}`);
      if (id === agent.id) joined.resolve();
    },
  });
  const { port } = requireAddress(enrolment.address, "the enrolment server listens on");
  const paste = {
    agent: agent.id,
    url: `http://${formatAddress({ host: labHost, port: file.port })}${file.path}`,
    sha256: bundle.sha256,
    controller: formatAddress({ host: labHost, port }),
    token: await lab.createToken({ agent: agent.id, roles: expected.roles }, Date.now()),
  };
  deps.show(lineFor(agent, paste, deps));
  say(`good once, for ${TOKEN_LIFE_MAX_MS / 60_000} minutes, while this runs (Ctrl-C ends it)`);
  using joining = deadline(TOKEN_LIFE_MAX_MS, `waiting for ${agent.id} to join`, signal);
  await unlessAborted(joined.promise, joining);
  using answering = deadline(ANSWER_MS, `waiting for an answer of ${agent.id}`, signal);
  await untilAnswered(lab, expected, bundle, answering);
  say(`${agent.id} answers at ${agent.address}`);
}

/** Throws `refused` while the agent is at a run. One that does not answer is what the line is for. */
async function refuseAtRun(lab: LabFolder, agent: ExpectedAgent, signal: AbortSignal): Promise<void> {
  using channels = openChannels(lab);
  const found = await channels
    .client(agent)
    .describe({}, { deadlineMs: ASK_MS, signal })
    .catch(() => undefined);
  const open = found?.runs.find(({ phase }) => phase !== RunPhase.ENDED);
  if (!open) return;
  throw new SalvoError("refused", `agent ${agent.id} is at run ${open.run}, which the line would end`, {
    remedy: "Wait for the run's end, or stop it",
  });
}

function lineFor(agent: LabAgent, paste: Parameters<typeof linuxLine>[0], { os, bundle, ownFile }: PrintDeps): string {
  if (os === "windows") return windowsLine(paste, { listen: listenOf(agent) });
  const { text, config } = agentFile(agent, { config: undefined, configIsDeploys: false }, ownFile);
  return linuxLine(paste, { folder: bundle.folder, identityDir: config.identityDir, config: text });
}

/** The agent before, if there was one, answers until it is replaced: with the version of then, or with this one. */
async function untilAnswered(
  lab: LabFolder,
  agent: ExpectedAgent,
  { version }: Bundle,
  until: AbortSignal,
): Promise<void> {
  let problem = "nobody was asked";
  for (;;) {
    // On a connection of its own: one that failed before would wait a while before it tries again.
    using channels = openChannels(lab);
    try {
      const { agent: found } = await channels.client(agent).describe({}, { deadlineMs: ASK_MS, signal: until });
      if (found?.version === version) return;
      problem = `what answers there is ${found?.version}`;
    } catch (error) {
      problem = toSalvoError(error).message;
    }
    await sleep(PAUSE_MS, { signal: until }).catch((error: unknown) => {
      const { kind, message } = toSalvoError(error);
      throw new SalvoError(kind, `${message}; last: ${problem}`, { cause: error });
    });
  }
}

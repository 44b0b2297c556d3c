import { join } from "node:path";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { parseAddress } from "@salvo/shared/kernel/address.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { ExpectedAgent } from "../service/channels.ts";
import type { Bundle } from "./bundle.ts";
import { refuseWhenInUse, waitForAnswer } from "./in-use.ts";
import { fioNote, type HostFacts } from "./facts.ts";
import { type DeployHost, openHost } from "./host.ts";
import { type OwnFile, readOwnFile } from "./own-file.ts";
import { AGENT_FILE, agentFile, checkHost, describeStep, hasToJoin, mebibytes, planSteps, type Step } from "./plan.ts";
import { sshTarget } from "./ssh-target.ts";

export interface DeployDeps {
  readonly lab: LabFolder;
  readonly labFile: string;
  readonly bundle: Bundle;
  readonly expected: ExpectedAgent;
  /** Where hosts join; on this host's loopback. */
  readonly enrolment: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Only says what it would do. */
  readonly plan: boolean;
}

export type DeployResult =
  | "installed"
  | "upgraded"
  | "restarted"
  | "unchanged"
  | "planned"
  | "removed"
  | "refused"
  | "failed";

export interface Deployed {
  readonly result: DeployResult;
  /** The program folder that is in use now. */
  readonly program: string;
  readonly notes: readonly string[];
}

const COPY_MS = 600_000;
const PROGRESS_EVERY = 0.25;

/**
 * Puts the bundle's agent on its host, or brings what is there up to date; what is as it should be is left alone. Throws
 * `refused` before anything was changed, and otherwise what failed.
 */
export async function deployAgent(agent: LabAgent, deps: DeployDeps): Promise<Deployed> {
  const { lab, labFile, bundle, expected, say, signal } = deps;
  if (lab.isRevoked(agent.id)) throw new SalvoError("refused", `agent ${agent.id} was revoked`);
  const own = await readOwnFile(agent.id, labFile);
  const target = await sshTarget(agent, labFile, { signal });
  using host = await openHost(target, { signal });
  const facts = await host.facts();
  checkHost(facts, target.user, bundle);
  const file = agentFile(agent, facts, own);
  const certificate = await host.act("certificate", [file.config.identityDir]);
  const joins = hasToJoin(certificate, agent, lab.lab, lab.authority.ca, Date.now());
  const steps = planSteps(facts, { bundle, file, joins });
  const notes = notesOf(agent, facts, file.config.listen, own);
  if (steps.some((step) => step.do === "activate")) await refuseWhenInUse(lab, expected, facts, file.config.dataDir);
  if (deps.plan) {
    for (const step of steps) say(describeStep(step, { bundle, systemd: facts.systemd }));
    return { result: steps.length === 0 ? "unchanged" : "planned", program: facts.current, notes };
  }
  for (const step of steps) await perform(step, host, deps, facts);
  if (steps.every((step) => step.do !== "activate")) await waitForAnswer(host, lab, expected, bundle, { signal });
  await host.act("prune", [bundle.folder, ...(facts.current === "" ? [] : [facts.current])]);
  return { result: resultOf(steps, facts, bundle), program: bundle.folder, notes };
}

function resultOf(steps: readonly Step[], { current }: HostFacts, { folder }: Bundle): DeployResult {
  if (steps.length === 0) return "unchanged";
  if (current === "") return "installed";
  return current === folder ? "restarted" : "upgraded";
}

async function perform(step: Step, host: DeployHost, deps: DeployDeps, facts: HostFacts): Promise<void> {
  const { bundle, lab, expected, say, signal } = deps;
  say(describeStep(step, { bundle, systemd: facts.systemd }));
  switch (step.do) {
    case "copy":
      return copyBundle(host, deps);
    case "config":
      return void (await host.act("config", [], { stdin: step.text }));
    case "join": {
      const address = parseAddress(deps.enrolment);
      assert(address, "the enrolment server tells where it listens");
      using forward = await host.ssh.forwardToHere(address, { signal });
      const token = await lab.createToken({ agent: expected.id, roles: expected.roles }, Date.now());
      return void (await host.act("join", [bundle.folder, `127.0.0.1:${forward.port}`, step.identityDir], {
        stdin: token,
      }));
    }
    case "activate":
      return activate(host, deps, step.former);
  }
}

async function copyBundle(host: DeployHost, { bundle, say, signal }: DeployDeps): Promise<void> {
  const folder = (await host.plain(["mktemp", "-d", "/var/tmp/salvo-deploy.XXXXXXXX"])).trim();
  try {
    const upload = join(folder, "archive");
    let told = 0;
    await host.ssh.copy(bundle.file, upload, {
      mode: 0o600,
      signal: AbortSignal.any([signal, AbortSignal.timeout(COPY_MS)]),
      onProgress(bytes) {
        if (bytes / bundle.bytes < told + PROGRESS_EVERY) return;
        told = bytes / bundle.bytes;
        say(`copied ${mebibytes(bytes)} of ${mebibytes(bundle.bytes)}`);
      },
    });
    await host.act("place", [upload, bundle.sha256, bundle.folder], { timeoutMs: COPY_MS });
  } finally {
    await host.plain(["rm", "-rf", folder]).catch(() => {}); // of a lost connection the first error counts
  }
}

/** A program that does not come up makes room for the one that did. */
async function activate(host: DeployHost, deps: DeployDeps, former: string): Promise<void> {
  const { lab, expected, bundle, signal, say } = deps;
  try {
    await host.act("activate", [bundle.folder]);
    return await waitForAnswer(host, lab, expected, bundle, { signal });
  } catch (error) {
    if (former === "" || former === bundle.folder || signal.aborted) throw error;
    const known = toSalvoError(error);
    say(`${bundle.folder} does not work; going back to ${former}`);
    const back = await goBack(host, deps, former).then(
      () => `${former} is in use again`,
      (failure: unknown) => `going back to ${former} failed as well: ${toSalvoError(failure).message}`,
    );
    throw new SalvoError(known.kind, `${known.message}. ${back}`, { cause: error });
  }
}

async function goBack(host: DeployHost, { lab, expected, signal }: DeployDeps, former: string): Promise<void> {
  await host.act("activate", [former]);
  const version = former.replace(/-[0-9a-f]+$/, ""); // its folder is named after both, see bundle.ts
  await waitForAnswer(host, lab, expected, { folder: former, version }, { signal });
}

function notesOf(agent: LabAgent, facts: HostFacts, listen: string, own: OwnFile | undefined): string[] {
  const differs = own && !facts.configIsDeploys && facts.config !== undefined && facts.config !== own.text;
  const ports = [listen, agent.address].map((address) => parseAddress(address)?.port);
  return [
    ...(differs
      ? [`${AGENT_FILE} was changed on the host and stays as it is, although it differs from ${own.path}`]
      : []),
    ...(facts.config === undefined && !own
      ? [
          `${AGENT_FILE} lists no devices yet: runs can write to nothing. List them in agents/${agent.id}.yaml beside the lab file, and deploy again`,
        ]
      : []),
    ...(ports[0] === ports[1] ? [] : [`${AGENT_FILE} says listen: ${listen}, and the lab file ${agent.address}`]),
    ...(facts.systemd ? [] : ["there is no systemd: the agent does not come back after a reboot; deploy again then"]),
    ...[fioNote(facts) ?? []].flat(),
  ];
}

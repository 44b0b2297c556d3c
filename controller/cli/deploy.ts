import { resolve } from "node:path";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Bundle, makeBundle, openBundle } from "../deploy/bundle.ts";
import { deployAgent, type Deployed, type DeployDeps } from "../deploy/deploy-agent.ts";
import { removeAgent } from "../deploy/remove-agent.ts";
import { expectedOf } from "../service/channels.ts";
import { serveEnrolment } from "../service/enrolment.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { cliLogger } from "./logger.ts";
import { textTable } from "./table.ts";

export interface DeployCommand {
  readonly lab: string;
  /** All of the lab file that have ssh, when there are none. */
  readonly agents: readonly string[];
  readonly bundle?: string;
  readonly remove?: boolean;
  readonly plan?: boolean;
  readonly json?: boolean;
}

/** Hosts that are worked on at a time: each takes a copy of the bundle over the network. */
const AT_ONCE = 8;

interface Outcome {
  readonly agent: string;
  readonly address: string;
  readonly result: Deployed["result"];
  readonly program: string;
  readonly seconds: number;
  readonly notes: readonly string[];
  readonly problem: string;
}

/** Puts agents on their hosts over SSH, or takes them away; what one host does not let be done stops no other. */
export async function deployAgents(command: DeployCommand, io: Io): Promise<number> {
  const { message } = await loadLab(command.lab);
  const chosen = chosenAgents(message.agents, command);
  const lab = await openLabOf(command.lab, message);
  using stop = io.stop();
  await using enrolment = await serveEnrolment({ lab, address: "127.0.0.1:0", log: cliLogger(), onJoined: () => {} });
  const bundle = command.remove ? undefined : await bundleOf(command, io, stop.signal);

  const outcomes: Outcome[] = [];
  async function treat(agent: LabAgent): Promise<void> {
    const begun = performance.now();
    const say = (line: string) => io.stderr.write(`${agent.id}: ${line}\n`);
    const base = { lab, labFile: resolve(command.lab), say, signal: stop.signal, plan: command.plan ?? false };
    const deps = { ...base, expected: expectedOf(agent), enrolment: enrolment.address };
    const done = await outcomeOf(() => audited(lab, agent, deps, bundle));
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    const outcome = { agent: agent.id, address: agent.address, ...done, seconds };
    outcomes.push(outcome);
    for (const note of outcome.notes) say(note);
    if (outcome.problem !== "") say(`${outcome.result}: ${outcome.problem}`);
  }
  const order = ({ agent }: Outcome) => chosen.findIndex(({ id }) => id === agent);
  const waiting = chosen.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const agent of waiting) if (!stop.signal.aborted) await treat(agent);
    }),
  );

  outcomes.sort((a, b) => order(a) - order(b));
  if (command.json) for (const outcome of outcomes) io.stdout.write(`${JSON.stringify(outcome)}\n`);
  else io.stdout.write(outcomeTable(outcomes));
  if (stop.signal.aborted) return EXIT.interrupted.code;
  return outcomes.every(({ problem }) => problem === "") ? EXIT.ok.code : EXIT.environment.code;
}

function chosenAgents(agents: readonly LabAgent[], { agents: named, lab }: DeployCommand): readonly LabAgent[] {
  const unknown = named.filter((id) => !agents.some((agent) => agent.id === id));
  if (unknown.length > 0)
    throw new SalvoError("invalid-input", `the lab has no agent ${unknown.join(", ")}`, {
      file: lab,
      remedy: `It has ${agents.map(({ id }) => id).join(", ")}`,
    });
  const chosen = agents.filter(({ id, ssh }) => (named.length > 0 ? named.includes(id) : ssh !== undefined));
  if (chosen.length > 0) return chosen;
  throw new SalvoError("invalid-input", "no agent of the lab has ssh, so none can be deployed", {
    file: lab,
    remedy: "Write below an agent's id, at least: ssh: { user: root }",
  });
}

async function bundleOf({ bundle }: DeployCommand, io: Io, signal: AbortSignal): Promise<Bundle> {
  if (bundle !== undefined) return openBundle(bundle);
  io.stderr.write("making the agent's bundle, unless it is there\n");
  return makeBundle({ signal });
}

/** What changes a host is in the lab's audit log before it is done. */
function audited(
  { audit, who }: AuditedLab,
  agent: LabAgent,
  deps: Omit<DeployDeps, "bundle">,
  bundle: Bundle | undefined,
): Promise<Deployed> {
  const act = () => (bundle ? deployAgent(agent, { ...deps, bundle }) : removeAgent(agent, deps));
  if (deps.plan) return act();
  const details = {
    agent: agent.id,
    address: agent.address,
    ...(bundle && { program: bundle.folder, sha256: bundle.sha256 }),
  };
  const deed = { who, what: bundle ? "deploy" : "deploy remove", details };
  return audit.around(deed, act, { answer: ({ result, program }) => ({ result, program }) });
}

async function outcomeOf(act: () => Promise<Deployed>): Promise<Deployed & { readonly problem: string }> {
  try {
    return { ...(await act()), problem: "" };
  } catch (error) {
    const known = toSalvoError(error);
    if (known.kind === "internal") throw error;
    return {
      result: known.kind === "refused" ? "refused" : "failed",
      program: "",
      notes: [],
      problem: known.describe(),
    };
  }
}

function outcomeTable(outcomes: readonly Outcome[]): string {
  return textTable(
    ["agent", "address", "result", "program", "s"],
    outcomes.map(({ agent, address, result, program, seconds }) => [
      agent,
      address,
      result,
      program || "-",
      String(seconds),
    ]),
    { right: new Set([4]) },
  );
}

import { RunPhase, type RunStatus } from "@salvo/proto/agent_pb.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { type ExpectedAgent, openChannels } from "../service/channels.ts";
import type { HostFacts } from "./facts.ts";
import type { DeployHost } from "./host.ts";
import { saidLast } from "./said-last.ts";

const ASK_MS = 5_000;
const ANSWER_MS = 30_000;
const PAUSE_MS = 250;
/** Nothing of ours runs any more: it will not come. systemd tries again after 2 s. */
const GONE_MS = 6_000;

/** Throws `refused` while the agent is at a run. One that does not answer is looked at from outside. */
export async function refuseWhenInUse(
  lab: LabFolder,
  agent: ExpectedAgent,
  facts: HostFacts,
  dataDir: string,
): Promise<void> {
  if (facts.running === "") return;
  const runs = await ask(lab, agent).then(
    (answer): readonly RunStatus[] => answer.runs,
    () => undefined, // it does not answer, which is for the steps to come to change
  );
  const work = workOf(runs, facts, dataDir);
  if (work === undefined) return;
  throw new SalvoError("refused", `agent ${agent.id} is at ${work}`, {
    remedy: "Wait for the run's end, or stop it; then deploy again",
  });
}

/** What must not be disturbed; `runs` of an agent that does not answer are undefined, and fio in its folder tells. Pure. */
export function workOf(
  runs: readonly Pick<RunStatus, "run" | "phase">[] | undefined,
  { fioIn }: Pick<HostFacts, "fioIn">,
  dataDir: string,
): string | undefined {
  const open = runs?.filter(({ phase }) => phase !== RunPhase.ENDED).map(({ run }) => run) ?? [];
  if (open.length > 0) return `run ${open.join(", ")}`;
  const hidden = runs === undefined && fioIn.some((folder) => folder.startsWith(`${dataDir}/`));
  return hidden ? "a run: it does not answer, but fio works in its folder" : undefined;
}

/** Resolves when that very program answers. Throws `program-failed` with what the agent said last when it does not in time. */
export async function waitForAnswer(
  host: DeployHost,
  lab: LabFolder,
  agent: ExpectedAgent,
  wanted: { readonly folder: string; readonly version: string },
  { signal }: Waiting,
): Promise<void> {
  using until = deadline(ANSWER_MS, "waiting for its answer", signal);
  let problem = "";
  let aliveMs = performance.now();
  while (!until.aborted && performance.now() - aliveMs < GONE_MS) {
    try {
      const running = (await host.act("running")).trim();
      if (running !== "") aliveMs = performance.now();
      const { agent: description } = await ask(lab, agent);
      if (description?.version === wanted.version && running === wanted.folder) return;
      problem = `what answers is ${description?.version}, and what runs is ${running || "not from /opt/salvo"}`;
    } catch (error) {
      problem = toSalvoError(error).message;
    }
    await sleep(PAUSE_MS, { signal: until }).catch(() => {}); // the loop sees it
  }
  signal?.throwIfAborted();
  const said = saidLast(await host.act("said").catch(() => "")); // what it said is a help, no more
  throw new SalvoError(
    "program-failed",
    `agent ${agent.id} does not answer at ${agent.address} as ${wanted.folder}: ${problem}${said === "" ? "" : `; it said last: ${said}`}`,
  );
}

/** On a connection of its own: one that failed before would wait a while before it tries again. */
async function ask(lab: LabFolder, agent: ExpectedAgent) {
  using channels = openChannels(lab);
  const answer = await channels.client(agent).describe({}, { deadlineMs: ASK_MS });
  await channels.renewWhenDue(agent, Date.now());
  return answer;
}

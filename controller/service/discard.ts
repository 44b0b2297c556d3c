/** Giving up a run that cannot be brought to its end, or whose agents will not come back. */
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type KeptRecords, keptRecords, type KeptRun, removeKept } from "../store/kept.ts";
import { readRunSpec } from "../store/openrun.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, expectedInRun, type ExpectedAgent, expectedOf } from "./channels.ts";

export interface Discarding {
  readonly kept: KeptRun;
  readonly here: readonly KeptRecords[];
  readonly agents: readonly AgentHolding[];
}

/** What an agent has of the run. */
export interface AgentHolding {
  readonly agent: ExpectedAgent;
  readonly state: "holds" | "at-work" | "nothing" | "away";
  readonly records: number;
  /** Why it did not answer. */
  readonly problem: string;
}

const ANSWER_MS = 5_000;

/** What is lost when the run is given up. Changes nothing. */
export async function planDiscard(kept: KeptRun, agents: readonly LabAgent[], channels: Channels): Promise<Discarding> {
  const concerned = await agentsOf(kept, agents);
  const [here, holdings] = await Promise.all([
    keptRecords(kept),
    Promise.all(concerned.map((agent) => askAgent(kept.run, agent, channels))),
  ]);
  return { kept, here, agents: holdings };
}

/** Those that the run has; all of the lab when its spec cannot be read. */
async function agentsOf({ folder, run }: KeptRun, lab: readonly LabAgent[]): Promise<ExpectedAgent[]> {
  const spec = await readRunSpec(folder, run).catch(() => undefined); // it may be what keeps the run from its end
  if (!spec) return lab.map(expectedOf);
  return spec.agents.map(expectedInRun);
}

async function askAgent(run: string, agent: ExpectedAgent, channels: Channels): Promise<AgentHolding> {
  try {
    const { runs } = await channels.describe(agent, { deadlineMs: ANSWER_MS });
    const status = runs.find((each) => each.run === run);
    if (!status) return { agent, state: "nothing", records: 0, problem: "" };
    const state = status.phase === RunPhase.ENDED ? "holds" : "at-work";
    return { agent, state, records: status.lastSeq, problem: "" };
  } catch (error) {
    return { agent, state: "away", records: 0, problem: toSalvoError(error).message };
  }
}

/** Agents first: what is kept here goes when none of those that answered holds anything. Throws what the first of them fails of. */
export async function discard(
  { kept, agents }: Discarding,
  { audit, who, channels }: Pick<AuditedLab, "audit" | "who"> & { readonly channels: Channels },
): Promise<void> {
  const { run, folder } = kept;
  for (const { agent, state } of agents) {
    if (state !== "holds" && state !== "at-work") continue;
    const client = channels.client(agent);
    await audit.around({ who, what: "discard", details: { run, agent: agent.id } }, async () => {
      if (state === "at-work") await client.abort({ run, reason: "the run was given up" }, { deadlineMs: ANSWER_MS });
      await release();
    });

    async function release(): Promise<void> {
      try {
        await client.release({ run }, { deadlineMs: ANSWER_MS });
      } catch (error) {
        const { kind, message } = toSalvoError(error);
        throw new SalvoError(kind, `${agent.id} does not delete its records: ${message}`, {
          host: agent.id,
          cause: error,
          remedy: `Nothing was removed here. Type it again: salvo discard ${run}`,
        });
      }
    }
  }
  await audit.around({ who, what: "discard", details: { run, folder } }, async () => removeKept(kept));
}

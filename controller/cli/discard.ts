import { loadLab } from "@salvo/shared/config/files.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { openChannels } from "../service/channels.ts";
import { discard, type Discarding, planDiscard } from "../service/discard.ts";
import { openDataFolder } from "../store/datafolder.ts";
import { findKept } from "../store/kept.ts";
import { confirm } from "./confirm.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

export interface DiscardCommand {
  readonly run: string;
  readonly lab: string;
  readonly data: string;
  readonly yes?: boolean;
}

/** Says what is lost, asks, and gives a run up: here, and on the agents that answer. A sealed archive stays. */
export async function discardRun({ run, lab: file, data, yes = false }: DiscardCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  await using folder = await openDataFolder(data); // no controller is at work on it
  using channels = openChannels(lab);
  const kept = await findKept(folder.path, run);
  const plan = await planDiscard(kept, message.agents, channels);
  for (const line of whatIsLost(plan)) io.stderr.write(`${line}\n`);
  if (!yes) await confirm(`Give up run ${kept.run}? Type yes: `, io);
  await discard(plan, { ...lab, channels });
  const away = plan.agents.filter(({ state }) => state === "away");
  io.stderr.write(`run ${kept.run} is given up\n`);
  for (const { agent } of away)
    io.stderr.write(`${agent.id} may still hold the run: when it answers, type salvo agents --release ${kept.run}\n`);
  return away.length === 0 ? EXIT.ok.code : EXIT.environment.code;
}

/** Pure: lines for a person. */
export function whatIsLost({ kept, here, agents }: Discarding): string[] {
  const { run, archive } = kept;
  const unsealed = archive === undefined;
  const records = here.map(({ agent, records: count, bytes }) => {
    const many = count === undefined ? "unreadable records" : `${count.toLocaleString("en")} records`;
    return `  here: ${many} of ${agent}, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
  });
  return [
    unsealed
      ? `run ${run} was never sealed: everything that was measured is lost`
      : `run ${run} is sealed in ${archive}, which stays: only what agents hold beyond it is lost`,
    ...(unsealed && here.length === 0 ? ["  here: no records"] : records),
    ...agents.map(({ agent, state, records: count, problem }) => {
      switch (state) {
        case "nothing":
          return `  ${agent.id}: nothing`;
        case "away":
          return `  ${agent.id}: not known, because the agent does not answer (${problem})`;
        case "at-work":
          return `  ${agent.id}: ${count.toLocaleString("en")} records so far; the agent takes part in the run, and will be stopped`;
        case "holds":
          return `  ${agent.id}: ${count.toLocaleString("en")} records`;
        default:
          return unreachable(state);
      }
    }),
  ];
}

import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { parseAgentConfig } from "@salvo/shared/config/files.ts";
import { refuseWhenInUse } from "./in-use.ts";
import type { Deployed, DeployDeps } from "./deploy-agent.ts";
import { openHost } from "./host.ts";
import { AGENT_FILE } from "./plan.ts";
import { sshTarget } from "./ssh-target.ts";

const REMOVE_MS = 120_000;
const STATE = "/var/lib/salvo";

/**
 * Stops all agents of the program that deploy put there, and takes that away: never a device, nor what cannot be had again.
 * The notes say what stays. Throws `refused` in the middle of a run.
 */
export async function removeAgent(
  agent: LabAgent,
  { lab, labFile, expected, say, signal, plan }: Omit<DeployDeps, "bundle" | "enrolment">,
): Promise<Deployed> {
  using host = await openHost(await sshTarget(agent, labFile, { signal }), { signal });
  const facts = await host.facts();
  const nothing = facts.current === "" && facts.installed.length === 0;
  if (nothing) return { result: "unchanged", program: "", notes: [] };
  const { dataDir, identityDir } =
    facts.config === undefined
      ? { dataDir: `${STATE}/agent`, identityDir: `${STATE}/identity` }
      : parseAgentConfig(facts.config, AGENT_FILE);
  await refuseWhenInUse(lab, expected, facts, dataDir);
  say(`stop the agent and remove /opt/salvo, its service, key, certificate and data`);
  if (plan) {
    const stays = keptIn(await host.act("kept", [dataDir, identityDir]));
    return { result: "planned", program: facts.current, notes: stays.map((what) => `would keep ${what}`) };
  }
  const printed = await host.act("remove", [dataDir, identityDir], { timeoutMs: REMOVE_MS });
  const kept = keptIn(printed).map((what) => `kept ${what}`);
  const stays = `${agent.id} is still of the lab: salvo agents revoke ${agent.id} ends that`;
  return { result: "removed", program: "", notes: [...kept, ...(lab.isRevoked(agent.id) ? [] : [stays])] };
}

function keptIn(printed: string): string[] {
  return [...printed.matchAll(/^kept=(.*)$/gm)].flatMap(([, what]) => what ?? []);
}

import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { LunOwners } from "../domain/guard/judge.ts";
import { targetPrefixes } from "../domain/provision/names.ts";

/** Whose fresh LUNs runs may write to: those of targets, and of attachers, that the agent's own file names. */
export function lunOwners({ lunsOf }: Pick<AgentConfig, "lunsOf">, lab: string | undefined): LunOwners {
  if (lab === undefined || lab === "") return { targets: [], attachers: [] };
  return { targets: lunsOf.flatMap((agent) => targetPrefixes({ lab, agent })), attachers: lunsOf };
}

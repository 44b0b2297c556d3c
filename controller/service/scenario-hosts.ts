/** The hosts of a scenario's storage, as a lab file alone has them: so they are before, and so they are to be again. */
import { create } from "@bufbuild/protobuf";
import { DiskSpecSchema } from "@salvo/proto/disk_pb.ts";
import type { Lab, LabAgent } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Exported, initiatorWish, targetSpec, targetsOf } from "../domain/lab-storage.ts";
import type { Channels } from "./channels.ts";
import { disksHost, exportedBy, initiatorHost, type StorageHost, targetHost } from "./storage.ts";

export interface OwnDeps {
  /** Whose agents can be asked. */
  readonly lab: Lab;
  readonly channels: Channels;
}

/** of: the lab file that says what is wanted; that of now, or an earlier one. */
export function ownTarget(agent: LabAgent, of: Lab, { channels }: OwnDeps): StorageHost {
  return targetHost(agent, targetSpec(of, agent.id), channels);
}

/** Throws `refused` where the lab file attaches to what its target does not have: nobody knows what to look for then. */
export async function ownAttacher(agent: LabAgent, of: Lab, deps: OwnDeps): Promise<StorageHost> {
  const { spec, unknown } = initiatorWish(of, agent.id, await exportedFor(agent, of, deps));
  if (unknown.length === 0) return initiatorHost(agent, spec, deps.channels);
  throw new SalvoError("refused", `the lab file attaches it to ${unknown.join(", ")}, and no target reports that`, {
    host: agent.id,
    remedy: "Make the hosts as the lab file says: type salvo lab plan, then salvo lab apply",
  });
}

/** Of a guest whose LUNs another agent attaches; a lab file gives it none. */
export function ownDisks(agent: LabAgent, { channels }: OwnDeps): StorageHost {
  return disksHost(agent, create(DiskSpecSchema), channels);
}

/** Asks only the targets that the lab file attaches it to. */
export async function exportedFor(agent: LabAgent, of: Lab, { lab, channels }: OwnDeps): Promise<Exported> {
  const targets = targetsOf(of, agent.id).flatMap((id) => lab.agents.find((each) => each.id === id) ?? []);
  return exportedBy(targets, channels);
}

export function agentOf(id: string, lab: Lab): LabAgent {
  const found = lab.agents.find((agent) => agent.id === id);
  if (found) return found;
  throw new SalvoError("internal", `agent ${id} was looked for before`);
}

/** Guests whose LUNs another agent attaches. */
export function attachedByOthers(attachers: ReadonlyMap<string, readonly string[]>): string[] {
  return [...attachers].flatMap(([attacher, guests]) => guests.filter((guest) => guest !== attacher));
}

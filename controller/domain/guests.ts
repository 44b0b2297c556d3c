/** Who takes part in a scenario with its storage, and who attaches it for them. Pure. */
import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import { Attach, type ScenarioStorage } from "@salvo/proto/study_pb.ts";
import { suggestion } from "./suggestion.ts";

/** Whether guests get their disks from a hypervisor. */
export function isGiven({ attach }: Pick<ScenarioStorage, "attach">): boolean {
  return attach === Attach.HYPERVISOR;
}

/** The agent that attaches a guest's LUNs: the guest itself, or its hypervisor. Empty where the lab names none. */
export function attacherOf(guest: string, storage: Pick<ScenarioStorage, "attach">, lab: Lab): string {
  if (!isGiven(storage)) return guest;
  return lab.agents.find(({ id }) => id === guest)?.hypervisor?.agent ?? "";
}

/** Those that the study names, or all that the lab has. */
export function guestsOf(storage: ScenarioStorage, lab: Lab): LabAgent[] {
  const { guests } = storage;
  if (guests.length > 0) return guests.flatMap((id) => lab.agents.find((agent) => agent.id === id) ?? []);
  return lab.agents.filter((agent) => guestProblem(agent, storage, lab) === undefined);
}

/** What a study that names the agent as a guest is told; undefined when it can be one. */
export function guestProblem(agent: LabAgent, storage: ScenarioStorage, lab: Lab): string | undefined {
  const { id } = agent;
  const { target, transport } = storage;
  const problem = isGiven(storage) ? hypervisorProblem(agent, lab) : ownProblem(agent, lab);
  if (problem !== undefined) return problem;
  const attacher = attacherOf(id, storage, lab);
  const isLocal = transport === Transport.LOCAL;
  if (isLocal === (attacher === target)) return undefined;
  if (isLocal) return `is ${id}: only ${target} itself can reach local storage`;
  return attacher === id ? "is the target itself" : `is ${id}, whose hypervisor ${attacher} is the target itself`;
}

function ownProblem({ id, roles }: LabAgent, lab: Lab): string | undefined {
  if (roles.includes(Role.WORKLOAD) && roles.includes(Role.INITIATOR)) return undefined;
  return `is ${id}, which does not have the roles workload and initiator in lab ${lab.name}`;
}

function hypervisorProblem({ id, roles, hypervisor }: LabAgent, lab: Lab): string | undefined {
  if (!roles.includes(Role.WORKLOAD)) return `is ${id}, which does not have the role workload in lab ${lab.name}`;
  if (!hypervisor)
    return `is ${id}, of which lab ${lab.name} does not name the hypervisor: write hypervisor with agent and vm`;
  const known = lab.agents.map((agent) => agent.id);
  const { agent: own } = hypervisor;
  const attacher = lab.agents.find((agent) => agent.id === own);
  if (!attacher) return `is ${id}, whose hypervisor ${own} is not in lab ${lab.name}${suggestion(own, known)}`;
  if (own === id) return `is ${id}, which cannot be its own hypervisor`;
  if (attacher.roles.includes(Role.HYPERVISOR) && attacher.roles.includes(Role.INITIATOR)) return undefined;
  return `is ${id}, whose hypervisor ${own} does not have the roles hypervisor and initiator in lab ${lab.name}`;
}

/** Every attacher, with the guests whose LUNs it attaches. */
export function attachersOf(storage: ScenarioStorage, lab: Lab): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(
    guestsOf(storage, lab).map(({ id }) => id),
    (guest) => attacherOf(guest, storage, lab),
  );
}

/** Brings all hosts of a lab to what its file says of storage, or to nothing, in an order in which no session loses its target. */
import { create } from "@bufbuild/protobuf";
import { type Lab, type LabAgent, Role } from "@salvo/proto/lab_pb.ts";
import { InitiatorSpecSchema, type Plan, type Step, TargetSpecSchema } from "@salvo/proto/storage_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { checkStorage, type Exported, initiatorWish, targetSpec } from "../domain/lab-storage.ts";
import type { AuditedLab } from "./audited-lab.ts";
import type { Channels } from "./channels.ts";
import { applyPlan, exportedBy, initiatorHost, onHost, removalsOf, type StorageHost, targetHost } from "./storage.ts";

/** What would be done to one host. */
export interface PlannedHost {
  readonly host: StorageHost;
  readonly plan: Plan;
  /** What will be attached to besides, once its target has made it and tells by what it is known; for people. */
  readonly knownAfterApply: readonly string[];
}

export interface LabHosts {
  readonly lab: Lab;
  readonly channels: Channels;
  /** Nothing is wanted of them: all that Salvo made goes. */
  readonly empty: boolean;
}

/** Every host with a role of storage, to be looked at. Throws `invalid-input` for a storage section that does not fit the lab's agents. */
export function storageHosts({ lab, channels }: Pick<LabHosts, "lab" | "channels">): StorageHost[] {
  checkStorage(lab);
  return [
    ...having(lab, Role.TARGET).map((agent) => targetHost(agent, targetSpec(lab, agent.id), channels)),
    ...having(lab, Role.INITIATOR).map((agent) => initiatorHost(agent, create(InitiatorSpecSchema), channels)),
  ];
}

/**
 * Changes nothing. What an initiator attaches to is known only of LUNs that there are, and that stay as they are: the others' targets
 * say by what they are known when they have made them.
 */
export async function planLab(hosts: LabHosts): Promise<PlannedHost[]> {
  const { lab, channels, empty } = hosts;
  checkStorage(lab);
  const targets = await Promise.all(
    having(lab, Role.TARGET).map(async (agent) => {
      const host = targetHost(agent, empty ? create(TargetSpecSchema) : targetSpec(lab, agent.id), channels);
      return { host, ...(await onHost(host, host.plan())), knownAfterApply: [] };
    }),
  );
  const kept: Exported = new Map(targets.map(({ host, kept: luns }) => [host.agent.id, luns]));
  const initiators = await Promise.all(having(lab, Role.INITIATOR).map((agent) => planInitiator(agent, kept, hosts)));
  return [...targets, ...initiators];
}

async function planInitiator(
  agent: LabAgent,
  exported: Exported,
  { lab, channels, empty }: LabHosts,
): Promise<PlannedHost> {
  const wish = empty ? { spec: create(InitiatorSpecSchema), unknown: [] } : initiatorWish(lab, agent.id, exported);
  const host = initiatorHost(agent, wish.spec, channels);
  const { plan } = await onHost(host, host.plan());
  return { host, plan, knownAfterApply: wish.unknown };
}

export interface ApplyDeps extends LabHosts {
  readonly identities: AuditedLab;
  /** For the audit log: a command. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** A step was done. */
  readonly onStep: (host: StorageHost, step: Step) => void;
}

/**
 * Does what was planned: initiators let go first of all that goes or is made anew, then targets change, and then initiators attach, to
 * what the targets say by then. Throws at what fails, and `wrong-state` when a host would have something else to do than was planned.
 */
export async function applyLab(planned: readonly PlannedHost[], deps: ApplyDeps): Promise<void> {
  const { lab, channels } = deps;
  const initiators = planned.filter(({ host }) => host.role === "initiator");
  for (const { host, plan } of initiators)
    if (removalsOf(plan).length > 0) await applyTo(host, plan, deps, { removalsOnly: true });
  for (const { host, plan } of planned)
    if (host.role === "target" && plan.steps.length > 0) await applyTo(host, plan, deps);

  const toCome = initiators.filter((each) => restOf(each.plan).length > 0 || each.knownAfterApply.length > 0);
  if (toCome.length === 0) return;
  const exported = await exportedBy(having(lab, Role.TARGET), channels);
  for (const before of toCome) {
    const now = await planInitiator(before.host.agent, exported, deps);
    refuseOther(before, now);
    if (now.plan.steps.length > 0) await applyTo(now.host, now.plan, deps);
  }
}

function restOf(plan: Plan): Step[] {
  const removals = new Set(removalsOf(plan));
  return plan.steps.filter((step) => !removals.has(step));
}

/** What is left of the plan must be what was seen, and, of what was not known, no more than making it. */
function refuseOther({ host, plan: seen, knownAfterApply }: PlannedHost, now: PlannedHost): void {
  const [missing] = now.knownAfterApply;
  if (missing !== undefined)
    throw new SalvoError("program-failed", `${missing} should exist now, and its target does not report it`, {
      host: host.agent.id,
    });
  const told = (steps: readonly Step[]) => steps.map(({ id, commands }) => JSON.stringify([id, commands]));
  const [before, after] = [told(restOf(seen)), told(now.plan.steps)];
  const isSame = before.length === after.length && before.every((step, index) => step === after[index]);
  const isMore = knownAfterApply.length > 0 && removalsOf(now.plan).length === 0;
  if (isSame || isMore) return;
  throw new SalvoError("wrong-state", "the host has changed since it was planned", {
    host: host.agent.id,
    remedy: "Plan again, and apply that",
  });
}

async function applyTo(
  host: StorageHost,
  plan: Plan,
  { identities, what, signal, onStep }: ApplyDeps,
  how: { readonly removalsOnly?: boolean } = {},
): Promise<void> {
  await applyPlan(host, plan, { lab: identities, what, signal, ...how, onStep: (step) => onStep(host, step) });
}

function having({ agents }: Lab, role: Role): LabAgent[] {
  return agents.filter(({ roles }) => roles.includes(role));
}

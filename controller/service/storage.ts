/** What a lab file's storage section means for each host, and the calls that bring the host there. */
import { create, type JsonValue, toJson } from "@bufbuild/protobuf";
import { AttachedLunSchema, InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { type Lab, type LabAgent, Role, type StorageAttachment, type StorageTarget } from "@salvo/proto/lab_pb.ts";
import {
  type Attachment,
  AttachmentSchema,
  type InitiatorSpec,
  InitiatorSpecSchema,
  type Plan,
  type Step,
  type StepProgress,
  type StorageItem,
  type TargetSpec,
  TargetSpecSchema,
} from "@salvo/proto/storage_pb.ts";
import { ExportedLunSchema, TargetService } from "@salvo/proto/target_pb.ts";
import { lunNames } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, expectedOf } from "./channels.ts";

/** One role of one host. */
export interface StorageHost {
  readonly agent: LabAgent;
  readonly role: "target" | "initiator";
  /** luns: ExportedLuns or AttachedLuns, as JSON. */
  inspect(): Promise<{ readonly items: readonly StorageItem[]; readonly luns: readonly JsonValue[] }>;
  plan(): Promise<Plan>;
  /** Does that plan. Throws at what fails; what was done until then stays. */
  apply(plan: Plan, signal: AbortSignal): AsyncIterable<StepProgress>;
}

const LOOK_MS = 30_000;

/**
 * Every host with such a role, targets first: what initiators log in to must be there before. With `empty` nothing is wanted of
 * them, and initiators are first. Throws `invalid-input` for a storage section that does not fit the lab's agents.
 */
export function storageHosts(lab: Lab, channels: Channels, { empty }: { readonly empty: boolean }): StorageHost[] {
  checkStorage(lab);
  const having = (role: Role) => lab.agents.filter(({ roles }) => roles.includes(role));
  const targets = having(Role.TARGET).map((agent) => {
    const spec = empty ? create(TargetSpecSchema) : targetSpec(lab, agent.id);
    return targetHost(agent, spec, channels);
  });
  const initiators = having(Role.INITIATOR).map((agent) => {
    const spec = empty ? create(InitiatorSpecSchema) : initiatorSpec(lab, agent.id);
    return initiatorHost(agent, spec, channels);
  });
  return empty ? [...initiators, ...targets] : [...targets, ...initiators];
}

export function targetHost(agent: LabAgent, spec: TargetSpec, channels: Channels): StorageHost {
  const { id } = agent;
  const client = channels.clientOf(TargetService, expectedOf(agent));
  return {
    agent,
    role: "target",
    inspect: async () => {
      const { items, luns } = await client.inspect({}, { deadlineMs: LOOK_MS });
      return { items, luns: luns.map((lun) => toJson(ExportedLunSchema, lun, { alwaysEmitImplicit: true })) };
    },
    plan: async () => planned((await client.plan({ spec }, { deadlineMs: LOOK_MS })).plan, id),
    apply: ({ hash }, signal) => progressOf(client.apply({ spec, planHash: hash }, { signal })),
  };
}

export function initiatorHost(agent: LabAgent, spec: InitiatorSpec, channels: Channels): StorageHost {
  const { id } = agent;
  const client = channels.clientOf(InitiatorService, expectedOf(agent));
  return {
    agent,
    role: "initiator",
    inspect: async () => {
      const { items, luns } = await client.inspect({}, { deadlineMs: LOOK_MS });
      return { items, luns: luns.map((lun) => toJson(AttachedLunSchema, lun, { alwaysEmitImplicit: true })) };
    },
    plan: async () => planned((await client.plan({ spec }, { deadlineMs: LOOK_MS })).plan, id),
    apply: ({ hash }, signal) => progressOf(client.apply({ spec, planHash: hash }, { signal })),
  };
}

export interface ApplyOptions {
  readonly lab: AuditedLab;
  /** For the audit log: a command. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** A step was done; count: so many are, of all of the plan's. */
  readonly onStep?: (step: Step, count: number) => void;
}

/** Does the plan, with a line in the lab's audit log before it and after. Whatever fails says on which host. */
export async function applyPlan(
  host: StorageHost,
  plan: Plan,
  { lab, what, signal, onStep }: ApplyOptions,
): Promise<void> {
  const { agent, role } = host;
  const details = { agent: agent.id, role, plan_hash: plan.hash, steps: plan.steps.length };
  const each = async () => {
    let count = 0;
    for await (const { step: index, done } of host.apply(plan, signal)) {
      const step = plan.steps[index];
      if (done && step) onStep?.(step, ++count);
    }
  };
  await lab.audit.around({ who: lab.who, what, details }, () => onHost(host, each()));
}

/** Whatever goes wrong on a host says on which. */
export async function onHost<T>({ agent }: Pick<StorageHost, "agent">, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { kind, message, remedy } = toSalvoError(error);
    throw new SalvoError(kind, message, { host: agent.id, cause: error, ...(remedy !== undefined && { remedy }) });
  }
}

function planned(plan: Plan | undefined, host: string): Plan {
  if (plan) return plan;
  throw new SalvoError("internal", "the agent answered without a plan", { host });
}

async function* progressOf(
  answers: AsyncIterable<{ readonly progress?: StepProgress | undefined }>,
): AsyncGenerator<StepProgress, void> {
  for await (const { progress } of answers) if (progress) yield progress;
}

export function targetSpec({ storage }: Lab, agent: string): TargetSpec {
  const wanted = storage?.targets.find((each) => each.agent === agent);
  return create(TargetSpecSchema, { volumes: wanted?.volumes ?? [], exports: wanted?.exports ?? [] });
}

/** Names, LUNs and identities are known before any of it is there. */
export function initiatorSpec(lab: Lab, agent: string): InitiatorSpec {
  const attachments = (lab.storage?.attachments ?? []).filter((each) => each.agent === agent);
  return create(InitiatorSpecSchema, {
    attachments: attachments.map((each) =>
      attachmentTo(
        lab.name,
        lab.storage?.targets.find(({ agent: of }) => of === each.target),
        each,
      ),
    ),
  });
}

function attachmentTo(lab: string, target: StorageTarget | undefined, wish: StorageAttachment): Attachment {
  const exported = wish.export;
  const wanted = target?.exports.find(({ name }) => name === exported);
  if (!target || !wanted) throw new SalvoError("invalid-input", `no target has the export ${exported}`);
  const { transport, portals, chap, luns } = wanted;
  const known = luns.map(({ number, volume }) => {
    const names = lunNames({ lab, agent: target.agent }, transport, { exported, number, volume });
    const sizeBytes = target.volumes.find(({ name }) => name === volume)?.sizeBytes ?? 0n;
    return { number, sizeBytes, ...names };
  });
  const { sessions, multipath, queueDepth } = wish;
  return create(AttachmentSchema, {
    target: known[0]?.target ?? "",
    transport,
    portals,
    sessions,
    multipath,
    queueDepth,
    ...(chap && { chap }),
    luns: known.map(({ number, wwn, serial, sizeBytes }) => ({ number, wwn, serial, sizeBytes })),
  });
}

function checkStorage({ agents, storage }: Lab): void {
  const has = (id: string, role: Role) => agents.some((agent) => agent.id === id && agent.roles.includes(role));
  const wrong = (why: string) => new SalvoError("invalid-input", `storage: ${why}`);
  for (const { agent } of storage?.targets ?? [])
    if (!has(agent, Role.TARGET)) throw wrong(`the lab has no agent ${agent} with the role target`);
  for (const { agent, target, export: name } of storage?.attachments ?? []) {
    if (!has(agent, Role.INITIATOR)) throw wrong(`the lab has no agent ${agent} with the role initiator`);
    const exports = storage?.targets.find((each) => each.agent === target)?.exports ?? [];
    if (!exports.some((each) => each.name === name))
      throw wrong(
        `${agent} is to attach to ${name} of ${target}, which has ${exports.map((each) => each.name).join(", ") || "no exports"}`,
      );
  }
}

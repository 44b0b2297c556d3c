/** The calls that bring one role of one host to what is wanted of it. */
import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { DiskService, type DiskSpec } from "@salvo/proto/disk_pb.ts";
import { AttachedLunSchema, InitiatorService } from "@salvo/proto/initiator_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import {
  ApplyPart,
  type InitiatorSpec,
  type Plan,
  type Step,
  StepAction,
  type StepProgress,
  type StorageItem,
  type TargetSpec,
} from "@salvo/proto/storage_pb.ts";
import { type ExportedLun, ExportedLunSchema, TargetService } from "@salvo/proto/target_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Exported } from "../domain/lab-storage.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, expectedOf } from "./channels.ts";

/** One role of one host. */
export interface StorageHost {
  readonly agent: LabAgent;
  readonly role: "target" | "initiator" | "disks";
  /** luns: ExportedLuns or AttachedLuns, as JSON. */
  inspect(): Promise<{ readonly items: readonly StorageItem[]; readonly luns: readonly JsonValue[] }>;
  plan(): Promise<HostPlan>;
  /** Does that plan. Throws at what fails; what was done until then stays. removalsOnly: no more than its first steps. */
  apply(
    plan: Plan,
    how: { readonly signal: AbortSignal; readonly removalsOnly?: boolean },
  ): AsyncIterable<StepProgress>;
}

export interface HostPlan {
  readonly plan: Plan;
  /** Of a target: LUNs that there are, and that the plan leaves as they are. */
  readonly kept: readonly ExportedLun[];
}

const LOOK_MS = 30_000;

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
    plan: async () => {
      const { plan, kept } = await client.plan({ spec }, { deadlineMs: LOOK_MS });
      return { plan: planned(plan, id), kept };
    },
    apply: ({ hash }, { signal }) => progressOf(client.apply({ spec, planHash: hash }, { signal })),
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
    plan: async () => ({ plan: planned((await client.plan({ spec }, { deadlineMs: LOOK_MS })).plan, id), kept: [] }),
    apply: ({ hash }, { signal, removalsOnly = false }) => {
      const part = removalsOnly ? ApplyPart.REMOVALS : ApplyPart.UNSPECIFIED;
      return progressOf(client.apply({ spec, planHash: hash, part }, { signal }));
    },
  };
}

/** Disks of a guest whose LUNs another agent attaches. */
export function disksHost(agent: LabAgent, spec: DiskSpec, channels: Channels): StorageHost {
  const { id } = agent;
  const client = channels.clientOf(DiskService, expectedOf(agent));
  return {
    agent,
    role: "disks",
    inspect: async () => ({ items: (await client.inspect({}, { deadlineMs: LOOK_MS })).items, luns: [] }),
    plan: async () => ({ plan: planned((await client.plan({ spec }, { deadlineMs: LOOK_MS })).plan, id), kept: [] }),
    apply: ({ hash }, { signal }) => progressOf(client.apply({ spec, planHash: hash }, { signal })),
  };
}

/** What the agents' targets tell that there is. */
export async function exportedBy(agents: readonly LabAgent[], channels: Channels): Promise<Exported> {
  const told = agents.map(async (agent) => {
    const client = channels.clientOf(TargetService, expectedOf(agent));
    return [agent.id, (await onHost({ agent }, client.inspect({}, { deadlineMs: LOOK_MS }))).luns] as const;
  });
  return new Map(await Promise.all(told));
}

/** Steps that take something away. They are the first of a plan. */
export function removalsOf({ steps }: Plan): Step[] {
  return steps.filter(({ action }) => action === StepAction.REMOVE);
}

export interface ApplyOptions {
  readonly lab: AuditedLab;
  /** For the audit log: a command. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** No more than the plan's removals. */
  readonly removalsOnly?: boolean;
  /** A step was done; count: so many are, of all of the plan's. */
  readonly onStep?: (step: Step, count: number) => void;
}

/** Does the plan, with a line in the lab's audit log before it and after. Whatever fails says on which host. */
export async function applyPlan(
  host: StorageHost,
  plan: Plan,
  { lab, what, signal, removalsOnly = false, onStep }: ApplyOptions,
): Promise<void> {
  const { agent, role } = host;
  const details = { agent: agent.id, role, plan_hash: plan.hash, steps: plan.steps.length };
  const each = async () => {
    const told = new Set<number>();
    let answers = 0;
    for await (const { step: index, done } of host.apply(plan, { signal, removalsOnly })) {
      const step = plan.steps[index];
      // Each step is told of twice: it begins, and it was done.
      if (!step || ++answers > 2 * plan.steps.length || told.has(index))
        throw new SalvoError("corrupt", "the agent tells of other steps than those of its plan", {
          remedy: "Check that the agent has the controller's version; salvo lab inspect shows what there is",
        });
      if (!done) continue;
      told.add(index);
      onStep?.(step, told.size);
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

/** Throws `refused` for an agent that does not say what its steps do, as those of earlier versions did not. */
function planned(plan: Plan | undefined, host: string): Plan {
  if (plan?.steps.some(({ action }) => action === StepAction.UNSPECIFIED))
    throw new SalvoError("refused", "the agent does not say what the steps of its plan do", {
      host,
      remedy: "It is of another version than the controller: salvo deploy brings the same",
    });
  if (plan) return plan;
  throw new SalvoError("internal", "the agent answered without a plan", { host });
}

async function* progressOf(
  answers: AsyncIterable<{ readonly progress?: StepProgress | undefined }>,
): AsyncGenerator<StepProgress, void> {
  for await (const { progress } of answers) if (progress) yield progress;
}

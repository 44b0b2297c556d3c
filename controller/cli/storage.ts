import { toJson } from "@bufbuild/protobuf";
import { Owner, type Plan, PlanSchema, type Step } from "@salvo/proto/storage_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import { type Channels, openChannels } from "../service/channels.ts";
import { applyPlan, onHost, type StorageHost, storageHosts } from "../service/storage.ts";
import { confirm } from "./confirm.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

export interface StorageCommand {
  readonly lab: string;
  readonly json?: boolean;
}

export interface ApplyCommand extends StorageCommand {
  readonly yes?: boolean;
}

interface Planned {
  readonly host: StorageHost;
  readonly plan: Plan;
}

/** What there is on targets and initiators, whoever made it. */
export async function inspectStorage(command: StorageCommand, io: Io): Promise<number> {
  return withHosts(command.lab, false, async (hosts) => {
    for (const host of hosts) {
      const { items, luns } = await onHost(host, host.inspect());
      const { agent, role } = host;
      if (command.json) {
        const shown = items.map(({ id, text, owner, problem }) => ({ id, text, ours: owner === Owner.SALVO, problem }));
        io.stdout.write(`${JSON.stringify({ agent: agent.id, role, items: shown, luns })}\n`);
      } else {
        io.stdout.write(`${agent.id}, ${role}\n`);
        for (const { text, owner, problem } of items)
          io.stdout.write(`  ${owner === Owner.SALVO ? "Salvo's" : "others'"}  ${text}${problem && ` (${problem})`}\n`);
        for (const lun of luns) io.stdout.write(`  ${JSON.stringify(lun)}\n`);
      }
    }
    return EXIT.ok.code;
  });
}

/** Every command that apply would have done. Changes nothing. */
export async function planStorage(command: StorageCommand, io: Io): Promise<number> {
  return withHosts(command.lab, false, async (hosts) => {
    show(await planAll(hosts), command, io);
    return EXIT.ok.code;
  });
}

export async function applyStorage(command: ApplyCommand, io: Io): Promise<number> {
  return withHosts(command.lab, false, (hosts, lab) => planAndApply("lab apply", hosts, lab, command, io));
}

/** As apply, of nothing: what Salvo made goes. */
export async function destroyStorage(command: ApplyCommand, io: Io): Promise<number> {
  return withHosts(command.lab, true, (hosts, lab) => planAndApply("lab destroy", hosts, lab, command, io));
}

async function withHosts(
  file: string,
  empty: boolean,
  act: (hosts: readonly StorageHost[], lab: AuditedLab) => Promise<number>,
): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  using channels: Channels = openChannels(lab);
  const hosts = storageHosts(message, channels, { empty });
  if (hosts.length > 0) return await act(hosts, lab);
  throw new SalvoError("invalid-input", "no agent of the lab has the role target or initiator", { file });
}

async function planAll(hosts: readonly StorageHost[]): Promise<Planned[]> {
  return Promise.all(hosts.map(async (host) => ({ host, plan: await onHost(host, host.plan()) })));
}

async function planAndApply(
  what: string,
  hosts: readonly StorageHost[],
  lab: AuditedLab,
  command: ApplyCommand,
  io: Io,
): Promise<number> {
  const plans = await planAll(hosts);
  show(plans, { ...command, json: false }, { ...io, stdout: io.stderr });
  const todo = plans
    .filter(({ plan }) => plan.steps.length > 0)
    .toSorted((a, b) => Number(isLeaving(b)) - Number(isLeaving(a)));
  if (todo.length > 0 && !command.yes) await confirm("Do all this? Only yes will do: ", io);
  const stop = new AbortController();
  const onSignal = () => stop.abort(new SalvoError("cancelled", "stopped by Ctrl-C or SIGTERM"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  try {
    for (const { host, plan } of todo) {
      const { agent, role } = host;
      const onStep = ({ text }: Step, count: number) =>
        void io.stderr.write(`${agent.id}: ${count}/${plan.steps.length} ${text}\n`);
      await applyPlan(host, plan, { lab, what, signal: stop.signal, onStep });
      if (command.json) io.stdout.write(`${JSON.stringify({ agent: agent.id, role, steps: plan.steps.length })}\n`);
    }
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
  return EXIT.ok.code;
}

/** An initiator that only logs out does so before its target is taken away. */
function isLeaving({ host, plan }: Planned): boolean {
  return host.role === "initiator" && plan.steps.every(({ id }) => id.startsWith("remove "));
}

function show(plans: readonly Planned[], { json = false }: StorageCommand, io: Io): void {
  for (const { host, plan } of plans) {
    const { agent, role } = host;
    if (json) {
      io.stdout.write(`${JSON.stringify({ agent: agent.id, role, ...asObject(plan) })}\n`);
      continue;
    }
    io.stdout.write(
      `${agent.id}, ${role}: ${plan.steps.length === 0 ? "nothing to do" : `${plan.steps.length} steps`}\n`,
    );
    for (const { text, commands } of plan.steps)
      io.stdout.write(`  ${text}\n${commands.map((command) => `      ${command}\n`).join("")}`);
  }
  if (json) return;
  const steps = plans.flatMap(({ plan }) => plan.steps);
  const count = (word: string) => steps.filter(({ id }) => id.startsWith(`${word} `)).length;
  const counts = `${count("make")} to make, ${count("set")} to set, ${count("remove")} to remove`;
  io.stdout.write(`${plans.length} hosts, ${steps.length} steps: ${counts}\n`);
}

function asObject(plan: Plan): object {
  const value = toJson(PlanSchema, plan, { alwaysEmitImplicit: true });
  return typeof value === "object" && value !== null ? value : {};
}

import { toJson } from "@bufbuild/protobuf";
import { Owner, type Plan, PlanSchema, StepAction } from "@salvo/proto/storage_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { AuditedLab } from "../service/audited-lab.ts";
import { type Channels, openChannels } from "../service/channels.ts";
import { applyLab, type LabHosts, type PlannedHost, planLab, storageHosts } from "../service/lab-storage.ts";
import { onHost, type StorageHost } from "../service/storage.ts";
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

/** What there is on targets and initiators, whoever made it. */
export async function inspectStorage(command: StorageCommand, io: Io): Promise<number> {
  return withLab(command.lab, async (opened) => {
    for (const host of storageHosts(opened)) {
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

/** Every command that apply would have done, as far as it is known before. Changes nothing. */
export async function planStorage(command: StorageCommand, io: Io): Promise<number> {
  return withLab(command.lab, async (opened) => {
    show(await planLab({ ...opened, empty: false }), command, io);
    return EXIT.ok.code;
  });
}

export async function applyStorage(command: ApplyCommand, io: Io): Promise<number> {
  return withLab(command.lab, (opened) => planAndApply("lab apply", { ...opened, empty: false }, command, io));
}

/** As apply, of nothing: what Salvo made goes. */
export async function destroyStorage(command: ApplyCommand, io: Io): Promise<number> {
  return withLab(command.lab, (opened) => planAndApply("lab destroy", { ...opened, empty: true }, command, io));
}

interface OpenedLab extends Pick<LabHosts, "lab" | "channels"> {
  readonly identities: AuditedLab;
}

async function withLab(file: string, act: (opened: OpenedLab) => Promise<number>): Promise<number> {
  const { message: lab } = await loadLab(file);
  const identities = await openLabOf(file, lab);
  using channels: Channels = openChannels(identities);
  if (storageHosts({ lab, channels }).length > 0) return await act({ lab, channels, identities });
  throw new SalvoError("invalid-input", "no agent of the lab has the role target or initiator", { file });
}

async function planAndApply(
  what: string,
  hosts: LabHosts & Pick<OpenedLab, "identities">,
  command: ApplyCommand,
  io: Io,
): Promise<number> {
  const planned = await planLab(hosts);
  show(planned, { ...command, json: false }, { ...io, stdout: io.stderr });
  const isEmpty = planned.every(({ plan, knownAfterApply }) => plan.steps.length + knownAfterApply.length === 0);
  if (!isEmpty && !command.yes) await confirm("Apply these changes? Type yes: ", io);
  using stop = io.stop();
  const done = new Map<string, { readonly host: StorageHost; steps: number }>();
  await applyLab(planned, {
    ...hosts,
    what,
    signal: stop.signal,
    onStep: (host, { text }) => {
      const { agent, role } = host;
      const counted = done.get(`${agent.id} ${role}`) ?? { host, steps: 0 };
      counted.steps++;
      done.set(`${agent.id} ${role}`, counted);
      io.stderr.write(`${agent.id}, ${role}: ${text}\n`);
    },
  });
  for (const { host, steps } of done.values())
    if (command.json) io.stdout.write(`${JSON.stringify({ agent: host.agent.id, role: host.role, steps })}\n`);
  return EXIT.ok.code;
}

function show(planned: readonly PlannedHost[], { json = false }: StorageCommand, io: Io): void {
  for (const { host, plan, knownAfterApply } of planned) {
    const { agent, role } = host;
    if (json) {
      io.stdout.write(`${JSON.stringify({ agent: agent.id, role, ...asObject(plan), knownAfterApply })}\n`);
      continue;
    }
    const count = plan.steps.length === 0 ? "nothing to do" : `${plan.steps.length} steps`;
    const later = `${knownAfterApply.length} to attach to, known after apply`;
    const counts = plan.steps.length === 0 ? later : `${count}, ${later}`;
    io.stdout.write(`${agent.id}, ${role}: ${knownAfterApply.length === 0 ? count : counts}\n`);
    for (const { text, commands } of plan.steps)
      io.stdout.write(`  ${text}\n${commands.map((command) => `      ${command}\n`).join("")}`);
    for (const what of knownAfterApply)
      io.stdout.write(
        `  attach to ${what}\n      # known after apply: its target chooses names, WWNs and serial numbers\n`,
      );
  }
  if (json) return;
  const steps = planned.flatMap(({ plan }) => plan.steps);
  const count = (wanted: StepAction) => steps.filter(({ action }) => action === wanted).length;
  const attached = planned.flatMap(({ knownAfterApply }) => knownAfterApply).length;
  const counts = [
    `${count(StepAction.MAKE)} to make`,
    `${count(StepAction.SET)} to set`,
    `${count(StepAction.REMOVE)} to remove`,
    ...(attached > 0 ? [`${attached} to attach to, known after apply`] : []),
  ];
  io.stdout.write(`${planned.length} hosts, ${steps.length} steps: ${counts.join(", ")}\n`);
}

function asObject(plan: Plan): object {
  const value = toJson(PlanSchema, plan, { alwaysEmitImplicit: true });
  return typeof value === "object" && value !== null ? value : {};
}

/** One guest: its files, its machine, and what its console says. */
import { chmod, copyFile, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { stringify } from "yaml";
import { must } from "./command.ts";
import { type Accelerator, KERNEL, QEMU, ROOT } from "./kernel.ts";
import { namespaceFile } from "./network.ts";
import { type GuestPlaces, guestPlaces } from "./places.ts";
import { AGENT_PORT, type GuestPlan, HYPERVISOR, type LabPlan, TARGET } from "./plan.ts";
import { identify, type ProcessIdentity } from "./processes.ts";
import { machineArgs } from "./qemu.ts";

export interface GuestOptions {
  readonly folder: string;
  readonly plan: LabPlan;
  readonly lab: LabFolder;
  readonly accelerator: Accelerator;
  readonly memoryMib: number;
  readonly diskMib: number;
  /** The program of the agent. */
  readonly agent: string;
  /** host:port where the guests join. */
  readonly enrolment: string;
}

const CONSOLE_LINES = 15;
/** The rest is for journals. Filling it, at the first run, takes a few seconds where processors are emulated. */
const DEVICE_SHARE = 0.25;
const MACHINE_MS = 20_000;

/** Makes everything anew that the guest needs before it starts. */
export async function prepareGuest(guest: GuestPlan, options: GuestOptions, { signal }: Waiting): Promise<void> {
  const places = guestPlaces(options.folder, guest.id);
  await rm(places.home, { recursive: true, force: true });
  await mkdir(places.share, { recursive: true, mode: 0o700 });
  await writeFile(places.disk, "");
  await truncate(places.disk, options.diskMib * 2 ** 20);
  // By itself it takes smaller blocks for a small disk, and NVMe would export files there in sectors like these.
  await must("mkfs.ext4", ["-q", "-F", "-b", "4096", places.disk], { ...(signal && { signal }) });
  await copyFile(join(ROOT, "testbed", "vlab", "guest", "boot"), join(places.share, "boot"));
  await chmod(join(places.share, "boot"), 0o755);
  await writeFile(join(places.share, "settings"), settings(guest, options));
  await writeFile(join(places.share, "agent.yaml"), stringify(agentFile(guest, options)));
  const token = await options.lab.createToken({ agent: guest.id, roles: guest.roles }, Date.now());
  await replaceFile(places.token, token);
}

/** The machine runs when this returns, in the lab's network namespace; QEMU has parted from this process and outlives it. */
export async function startGuest(
  guest: GuestPlan,
  options: GuestOptions,
  { signal }: Waiting,
): Promise<ProcessIdentity> {
  const { folder, plan, accelerator, memoryMib } = options;
  const places = guestPlaces(folder, guest.id);
  const shell = basename(places.shell);
  const qmp = hasDisksGiven(guest, plan) ? basename(places.qmp) : undefined;
  const machine = machineArgs({ ...places, shell, qmp, guest, accelerator, memoryMib, nowMs: Date.now() });
  await must("nsenter", [`--net=${namespaceFile(plan)}`, QEMU, ...machine], {
    cwd: places.home,
    timeoutMs: MACHINE_MS,
    ...(signal && { signal }),
  });
  const pid = Number(await readFile(places.pidFile, "latin1"));
  const found = await identify(pid);
  if (found) return found;
  throw new SalvoError("program-failed", `${guest.id} ended as soon as it was started`, { file: places.console });
}

/** The target has what it exports; all others may be given disks, where there is a hypervisor. */
export function hasDisksGiven({ id }: GuestPlan, { hypervisor }: LabPlan): boolean {
  return hypervisor !== undefined && id !== TARGET;
}

function settings(guest: GuestPlan, { agent, enrolment, plan }: GuestOptions): string {
  const values = {
    ID: guest.id,
    MANAGEMENT: `${guest.management}/24`,
    DATA: `${guest.data}/24`,
    MODULES: KERNEL.modules,
    NODE: process.execPath,
    AGENT: agent,
    CONTROLLER: enrolment,
    GIVEN_DISKS: hasDisksGiven(guest, plan) ? "yes" : "",
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

function agentFile(guest: GuestPlan, { diskMib, plan }: GuestOptions) {
  const { id, management } = guest;
  return {
    id,
    listen: `${management}:${AGENT_PORT}`,
    dataDir: "data",
    identityDir: "identity",
    lunsOf: [TARGET, ...(hasDisksGiven(guest, plan) ? [HYPERVISOR] : [])],
    devices: [{ name: "scratch", path: "scratch.bin", size: `${Math.floor(diskMib * DEVICE_SHARE)}MiB` }],
  };
}

/** What the guest has told so far of its start, as written in guest/init and guest/boot. */
export async function readConsole({
  console,
}: Pick<GuestPlaces, "console">): Promise<{ said: string[]; tail: string }> {
  const text = await readFile(console, "utf8").catch(() => ""); // QEMU has not made it yet
  const lines = text.split(/\r*\n/).filter((line) => line.trim() !== "");
  return {
    said: lines.flatMap((line) => /salvo-guest: (.*)/.exec(line)?.[1] ?? []),
    tail: lines.slice(-CONSOLE_LINES).join("\n"),
  };
}

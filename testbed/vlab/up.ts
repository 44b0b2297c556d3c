import { existsSync } from "node:fs";
import { mkdir, readFile, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { initLabFolder, type LabFolder, openLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { isName } from "@salvo/shared/identity/name.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { must } from "./command.ts";
import { takeDown } from "./down.ts";
import { labFile, studyFile, WRITTEN_BY_US } from "./files.ts";
import { type GuestOptions, prepareGuest, startGuest } from "./guest.ts";
import { type Accelerator, findAccelerator, ROOT } from "./kernel.ts";
import { holdVlab } from "./hold.ts";
import { startHypervisor } from "./hypervisor.ts";
import { findSubnet, makeNetwork, mustYield, removeNetwork } from "./network.ts";
import { agentPlace } from "./places.ts";
import { type LabPlan, planLab } from "./plan.ts";
import type { ProcessIdentity } from "./processes.ts";
import { type AgentCalls, awaitAgents } from "./ready.ts";
import { requireHost } from "./requirements.ts";
import { hasState, readState, type VlabState, writeState } from "./state.ts";

export interface UpOptions {
  readonly folder: string;
  /** Besides the target. */
  readonly guests: number;
  /** Whether an agent of this machine gives disks to the guests. */
  readonly hypervisor: boolean;
  readonly memoryMib: number;
  readonly diskMib: number;
  /** A line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Lets hosts with a token join the lab, at host:port, until it is disposed of. */
  readonly serveEnrolment: (lab: LabFolder, address: string) => Promise<{ readonly address: string } & AsyncDisposable>;
  readonly openCalls: (lab: LabFolder) => AgentCalls;
}

/**
 * Makes a virtual lab and returns when every agent of it answers. The guests run on; what fails, or the signal, takes
 * down again whatever was made.
 */
export async function bringUp(options: UpOptions): Promise<LabPlan> {
  const { say, signal } = options;
  await requireHost((options.guests + 1) * options.memoryMib, options.hypervisor);
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const folder = await realpath(options.folder);
  await refuseForeign(folder);
  await using _ = await holdVlab(folder);
  await refuseSecond(folder);
  const lab = await labOf(folder);
  say(
    `lab ${lab.lab} in ${folder}: a target and ${options.guests} initiator ${options.guests === 1 ? "guest" : "guests"}`,
  );
  const accelerator = await findAccelerator(signal);
  say(accelerator === "kvm" ? "guests run on KVM" : "guests are emulated (TCG): KVM does not run their kernel here");
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => {
    say("taking down what was made");
    await takeDown(folder);
  });
  const agent = await bundleAgent(folder, signal);
  const plan = await start({ ...options, folder, lab, accelerator, agent });
  undo.move(); // it stays
  return plan;
}

async function start(options: UpOptions & Omit<GuestOptions, "plan" | "enrolment">): Promise<LabPlan> {
  const { folder, lab, accelerator, say, signal, openCalls } = options;
  const plan = await makeNetworkSomewhere(options);
  say(`management network 10.213.${plan.subnet}.0/24, data network 10.214.${plan.subnet}.0/24 with an MTU of 9000`);
  await writeFile(join(folder, "lab.yaml"), labFile(plan));
  await writeFile(join(folder, "study.yaml"), studyFile(plan));

  await using enrolment = await options.serveEnrolment(lab, `${plan.host}:0`);
  const guests = { ...options, plan, enrolment: enrolment.address };
  const processes: Record<string, ProcessIdentity> = {};
  const state = (phase: VlabState["phase"]): VlabState => ({ version: 1, plan, accelerator, phase, processes });
  for (const guest of plan.guests) {
    await prepareGuest(guest, guests, { signal });
    processes[guest.id] = await startGuest(guest, guests, { signal });
    await writeState(folder, state("starting"));
  }
  if (plan.hypervisor) {
    processes[plan.hypervisor.id] = await startHypervisor(plan.hypervisor, guests, { signal });
    await writeState(folder, state("starting"));
  }
  say(`${plan.guests.length} guests are starting`);
  await awaitAgents({ folder, plan, lab, openCalls, processes, say, signal });
  await writeState(folder, state("ready"));
  return plan;
}

/** Written down before it is made. Two labs that found the same addresses free notice it afterwards, and one moves on. */
async function makeNetworkSomewhere(
  options: Pick<UpOptions, "guests" | "hypervisor" | "signal"> & {
    folder: string;
    lab: LabFolder;
    accelerator: Accelerator;
  },
): Promise<LabPlan> {
  const { folder, lab, guests, hypervisor, accelerator, signal } = options;
  for (;;) {
    const plan = planLab({ folder, lab: lab.lab, guests, hypervisor, subnet: await findSubnet(folder) });
    await writeState(folder, { version: 1, plan, accelerator, phase: "starting", processes: {} });
    await makeNetwork(plan, { signal });
    if (!mustYield(plan)) return plan;
    await removeNetwork(plan);
  }
}

const BUNDLE_MS = 120_000;
/** What guests have of their own there, instead of the host's. */
const HIDDEN = /^\/(run|dev|proc|sys)\//;

/** Throws where nothing may be made: what guests do not see, and a lab of real hosts, whose file would be overwritten. */
async function refuseForeign(folder: string): Promise<void> {
  if (HIDDEN.test(`${folder}/`))
    throw new SalvoError("invalid-input", "guests cannot see what is in this folder", {
      file: folder,
      remedy: "Name one that is not in /run, /dev, /proc or /sys",
    });
  const file = join(folder, "lab.yaml");
  if (existsSync(file) && !(await readFile(file, "utf8")).startsWith(WRITTEN_BY_US))
    throw new SalvoError("wrong-state", "this is the folder of a lab that is no virtual one", {
      file: folder,
      remedy: "Name another folder",
    });
}

async function refuseSecond(folder: string): Promise<void> {
  if (!hasState(folder)) return;
  const { phase } = (await readState(folder)) ?? {};
  throw new SalvoError("wrong-state", `this virtual lab is ${phase === "ready" ? "up already" : "half made"}`, {
    file: folder,
    remedy: `Type: salvo vlab down --dir ${folder}`,
  });
}

/** One that was up before keeps its authority. */
async function labOf(folder: string): Promise<LabFolder> {
  if (existsSync(join(folder, "ca", "ca.key"))) return openLabFolder(folder, Date.now());
  const name = basename(folder).toLowerCase();
  return initLabFolder(folder, isName(name) ? name : "vlab", Date.now());
}

/** Gives the path of the program. */
async function bundleAgent(folder: string, signal: AbortSignal): Promise<string> {
  const place = agentPlace(folder);
  const script = join(ROOT, "scripts", "vlab-agent.ts");
  return (await must(process.execPath, [script, place], { timeoutMs: BUNDLE_MS, signal })).trim();
}

/** What a person does with raw disks on this host: look at them, claim them for a lab, release them. */
import { randomUUID } from "node:crypto";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Device } from "@salvo/proto/lab_pb.ts";
import { type ClaimDeps, claimDisk, releaseDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import type { Examined } from "@salvo/shared/agent/guard/examine.ts";
import { listedDevice } from "@salvo/shared/agent/devices/device.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import { describeDisk } from "./disks/shown.ts";

export interface DevicesDeps {
  readonly config: AgentConfig;
  readonly disks: Disks;
  readonly print: (text: string) => void;
  /** What the person types; undefined when there is nobody. */
  readonly ask: (question: string) => Promise<string | undefined>;
}

/** Without `yes` the person is asked for the serial number; with it, it must be given beforehand. */
export interface Consent {
  readonly yes?: boolean | undefined;
  readonly serial?: string | undefined;
}

/** Throws `refused` with all that speaks against it, and `invalid-input` when the wrong serial number, or none, was typed. */
export async function claimDevice(name: string, lab: string, consent: Consent, deps: DevicesDeps): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(lab))
    throw new SalvoError("invalid-input", `--lab ${lab} is no name of a lab: lower-case letters, digits and hyphens`);
  const device = rawDevice(deps.config, name);
  const label = await claimDisk(device, { lab, uuid: randomUUID() }, claimDeps("claim", name, consent, deps));
  deps.print(`claimed device ${name} for lab ${lab}, label ${label.uuid}\n`);
}

/** Throws as claimDevice. */
export async function releaseDevice(name: string, consent: Consent, deps: DevicesDeps): Promise<void> {
  await releaseDisk(rawDevice(deps.config, name), claimDeps("release", name, consent, deps));
  deps.print(`released device ${name}: its label is gone, whatever workloads wrote is still there\n`);
}

function rawDevice(config: AgentConfig, name: string): Device {
  const device = listedDevice(config, name);
  if (device.disk) return device;
  throw new SalvoError("invalid-input", `device ${name} is the file ${device.path}`, {
    remedy: "Only raw disks (disk: in the agent's file) are claimed and released.",
  });
}

function claimDeps(what: "claim" | "release", name: string, consent: Consent, deps: DevicesDeps): ClaimDeps {
  const { config, disks } = deps;
  const confirm = async (examined: Examined) => {
    const why = await notMeant(what, examined, consent, deps);
    if (why === undefined) return true;
    throw new SalvoError("invalid-input", `device ${name}: nothing was written, as ${why}`, { host: config.id });
  };
  return { host: config.id, disks, claims: openClaims(config.dataDir), confirm };
}

/** What is typed must be read off the disk or its label, so nobody says yes to the wrong one out of habit. */
async function notMeant(
  what: "claim" | "release",
  { facts }: Examined,
  { yes, serial }: Consent,
  { print, ask }: DevicesDeps,
): Promise<string | undefined> {
  print(describeDisk(facts));
  const [name, key] = keyToType(facts.identity);
  if (yes && serial === undefined) return `--yes needs --serial with its ${name}`;
  const then = what === "claim" ? "RUNS WILL OVERWRITE ALL OF IT." : "Salvo's label is taken away, and nothing else.";
  const typed = yes ? serial : await ask(`${then} To ${what} it type its ${name}: `);
  if (typed === undefined) return "nobody was there to confirm it";
  if (key !== "" && typed.trim() === key) return undefined;
  return typed.trim() === "" ? "nothing was typed" : `${typed.trim()} is not its ${name}`;
}

/** A disk that is listed has at least one of the two. */
function keyToType({ serial, wwn }: DiskIdentity): [name: string, key: string] {
  if ("value" in serial && serial.value !== "") return ["serial number", serial.value];
  return ["WWN", "value" in wwn ? wwn.value : ""];
}

import { dirname, resolve } from "node:path";
import { clone, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type AgentConfig, AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { type Device, type Lab, LabSchema } from "@salvo/proto/lab_pb.ts";
import { type Study, StudySchema } from "@salvo/proto/study_pb.ts";
import { readPlainText } from "../files/read-file.ts";
import { parseAddress, whyNoAddress } from "../kernel/address.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Violation } from "./rules.ts";
import { FILE_BYTES_MAX } from "./syntax.ts";
import { type FromFile, readYaml } from "./yaml.ts";

/** Reads lab.yaml. Throws refused (may not be read), or invalid-input: there is none, or with all its mistakes. */
export async function loadLab(file: string): Promise<FromFile<Lab>> {
  const lab = await load(LabSchema, file, "a lab file: hosts and their agents (labs/ has examples)");
  const firstWith = new Map<string, string>();
  const violations: Violation[] = [];
  for (const [index, { id, address }] of lab.message.agents.entries()) {
    const path = `agents[${index}].address`;
    const port = parseAddress(address)?.port ?? 0;
    if (port === 0) violations.push({ path, message: `must have a port from 1 to 65535, but is ${address}` });
    const other = firstWith.get(address);
    if (other === undefined) firstWith.set(address, id);
    else violations.push({ path, message: `is ${address}, which is agent ${other}'s already` });
  }
  const { nats } = lab.message;
  if (nats && nats.ca !== "" && nats.credentials === "")
    violations.push({
      path: "nats.ca",
      message: "is for a server that others run, and needs nats.credentials as well",
    });
  if (violations.length > 0) throw lab.refuse(violations);
  if (nats) resolveNats(nats, dirname(resolve(file)));
  return lab;
}

/** Reads study.yaml. Throws as loadLab. Whether it fits a lab is another question: controller/domain/matrix.ts. */
export async function loadStudy(file: string): Promise<FromFile<Study>> {
  return load(StudySchema, file, "a study file: scenarios and workloads (studies/ has examples)");
}

/**
 * Reads agent.yaml, with paths made absolute: relative ones start at the file's folder. `listen` replaces the file's.
 * Throws as loadLab.
 */
export async function loadAgentConfig(
  file: string,
  options: { readonly listen?: string | undefined } = {},
): Promise<AgentConfig> {
  return parseAgentConfig(await readText(file, "an agent's file (labs/agent-example.yaml is one)"), file, options);
}

/** As loadAgentConfig, of a text that is, or will be, in that file: of another host, say. */
export function parseAgentConfig(
  text: string,
  file: string,
  { listen }: { readonly listen?: string | undefined } = {},
): AgentConfig {
  const read = readYaml(AgentConfigSchema, text, file);
  const config = resolvePaths(read.message, dirname(resolve(file)));
  const violations = [...sharedDevices(config), ...config.devices.flatMap(deviceProblems)];
  const problem = listenProblem(listen ?? config.listen);
  if (problem && listen === undefined) violations.push({ path: "listen", message: problem });
  if (violations.length > 0) throw read.refuse(violations);
  if (listen === undefined) return config;
  if (problem) throw new SalvoError("invalid-input", `--listen ${problem}`);
  config.listen = listen;
  return config;
}

function resolvePaths(config: AgentConfig, folder: string): AgentConfig {
  const resolved = clone(AgentConfigSchema, config);
  resolved.dataDir = resolve(folder, config.dataDir);
  resolved.identityDir = resolve(folder, config.identityDir);
  // A bare name is looked up in PATH.
  if (/[/\\]/.test(config.fio)) resolved.fio = resolve(folder, config.fio);
  if (resolved.nats) resolveNats(resolved.nats, folder);
  const { esxi } = resolved;
  if (esxi?.keyFile) esxi.keyFile = resolve(folder, esxi.keyFile);
  if (esxi?.passwordFile) esxi.passwordFile = resolve(folder, esxi.passwordFile);
  const { starWind } = resolved;
  if (starWind) starWind.credentialsFile = resolve(folder, starWind.credentialsFile);
  for (const vm of resolved.kvm?.vms ?? []) vm.qmp = resolve(folder, vm.qmp);
  for (const device of resolved.devices) if (device.path) device.path = resolve(folder, device.path);
  return resolved;
}

function resolveNats(nats: { credentials: string; ca: string }, folder: string): void {
  if (nats.credentials !== "") nats.credentials = resolve(folder, nats.credentials);
  if (nats.ca !== "") nats.ca = resolve(folder, nats.ca);
}

/** Two fio processes on one file would measure each other. */
function sharedDevices({ devices }: AgentConfig): Violation[] {
  const firstWith = new Map<string, string>();
  return devices.flatMap(({ name, path }, index) => {
    if (path === "") return [];
    const other = firstWith.get(path);
    if (other === undefined) firstWith.set(path, name);
    return other === undefined
      ? []
      : [{ path: `devices[${index}].path`, message: `is ${path}, which is device ${other}'s already` }];
  });
}

/** A file or a disk, and a disk by three keys. The disk guard refuses what slips through here. */
function deviceProblems(device: Device, index: number): Violation[] {
  const { path, disk } = device;
  const at = `devices[${index}]`;
  if ((path === "") === (disk === undefined))
    return [{ path: at, message: "must have either a path (a file) or a disk (what a raw disk is known by)" }];
  if (!disk) return [];
  const violations: Violation[] = [];
  if ((disk.iqn === "") !== (disk.lun === undefined))
    violations.push({ path: `${at}.disk`, message: "must have iqn and lun together" });
  const keys = [disk.serial, disk.wwn, disk.iqn].filter((key) => key !== "");
  if (keys.length < 2)
    violations.push({ path: `${at}.disk`, message: "must have two or more of serial, wwn, and iqn with lun" });
  return violations;
}

function listenProblem(text: string): string | undefined {
  if (parseAddress(text)) return undefined;
  return `must be an address like 127.0.0.1:7400 or [::1]:7400, not ${text}: ${whyNoAddress(text)}`;
}

async function load<Desc extends DescMessage>(
  schema: Desc,
  file: string,
  what: string,
): Promise<FromFile<MessageShape<Desc>>> {
  return readYaml(schema, await readText(file, what), file);
}

async function readText(file: string, what: string): Promise<string> {
  try {
    return await readPlainText(file, { bytesMax: FILE_BYTES_MAX });
  } catch (cause) {
    const known = toSalvoError(cause, { file });
    if (known.kind !== "not-found") throw known;
    throw new SalvoError("invalid-input", "there is no such file", {
      file,
      cause,
      remedy: `Give the path of ${what}.`,
    });
  }
}

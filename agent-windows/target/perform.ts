/** What is done to the host, by Salvo's scripts and Windows' own calls, and read back. */
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { rm } from "node:fs/promises";
import { win32 } from "node:path";
import { textOf } from "../powershell/fields.ts";
import type { PowerShell, ScriptName } from "../powershell/bridge.ts";
import type { Json } from "../powershell/answer.ts";
import { type ConfigFile, setTargetsNode } from "../starwind/set-node.ts";
import { iserAddresses } from "./base.ts";
import type { Op } from "./op.ts";
import { pinRamDisk, type Processors } from "./ram-disk.ts";
import type { Recorded, Records } from "./records.ts";
import { parseState, type StarWindState } from "./state.ts";
import { deviceOf } from "./volumes.ts";

export interface PerformDeps {
  readonly powerShell: PowerShell;
  /** User and Password, for the scripts. */
  readonly login: () => Promise<Json>;
  readonly config: ConfigFile;
  readonly processors: Processors;
  readonly records: Records;
  /** Empty: no volumes of files. */
  readonly imageFolder: string;
  /** How a volume's file is called, without its end. */
  readonly imageName: (volume: string) => string;
}

export async function perform(op: Op, deps: PerformDeps): Promise<void> {
  const { powerShell, records } = deps;
  switch (op.type) {
    case "set-targets-node":
      await setTargetsNode(op.node, deps.config, powerShell);
      return;
    case "pin-ram-disk":
      return pinRamDisk(op.node, powerShell, deps.processors);
    case "make-device":
      return makeDevice(op.volume, op.facts, deps);
    case "remove-device":
      return removeDevice(op.volume, deps);
    case "make-target":
      await records.writeTarget(op.name, op.how);
      return makeTarget(op, deps);
    case "remove-target":
      await call("starwind-remove-target", { Target: op.target }, deps);
      return records.writeTarget(op.name, undefined);
    case "allow-iser":
      return changeIser((addresses) => [...addresses.filter((each) => each !== op.address), op.address], deps);
    case "forbid-iser":
      return changeIser((addresses) => addresses.filter((each) => each !== op.address), deps);
    default:
      return unreachable(op);
  }
}

async function call(script: ScriptName, parameters: Json, { powerShell, login }: PerformDeps): Promise<Json> {
  return powerShell.call(script, { ...(await login()), ...parameters });
}

async function readState(deps: PerformDeps): Promise<StarWindState> {
  return parseState(await call("starwind-state", {}, deps));
}

/** What is about to be made is written down before, with what there was: so it is known again when nobody got to know its name. */
async function makeDevice(volume: string, facts: Recorded, deps: PerformDeps): Promise<void> {
  const { records, imageFolder, imageName } = deps;
  const before = (await readState(deps)).devices.map(({ name }) => name);
  await records.writeVolume(volume, { facts, before });
  const size = { SizeMegabytes: Number(BigInt(facts.bytes) / 2n ** 20n), SectorBytes: Number(facts.sector) };
  const image = { Folder: starWindPath(imageFolder), Name: imageName(volume) };
  const made =
    facts.kind === "ram"
      ? await call("starwind-ram", size, deps)
      : await call("starwind-image", { ...size, ...image, Node: facts.node === "" ? -1 : Number(facts.node) }, deps);
  const device = textOf(made, "name");
  await records.writeVolume(volume, { facts, before, device });
  const found = (await readState(deps)).devices.find(({ name }) => name === device);
  if (found?.bytes === facts.bytes && found.sector === facts.sector) return;
  throw new SalvoError(
    "program-failed",
    `StarWind shows its device ${device} with ${found?.bytes ?? "no"} B in sectors of ${found?.sector ?? "no"} B`,
  );
}

/** As StarWind writes paths: My Computer\R\salvo. */
function starWindPath(folder: string): string {
  return folder.replace(/^([A-Za-z]):/, "My Computer\\$1");
}

async function removeDevice(volume: string, deps: PerformDeps): Promise<void> {
  const { records, imageFolder, imageName } = deps;
  const record = (await records.read()).volumes[volume];
  if (!record) return;
  const device = deviceOf(record, await readState(deps));
  if (device) await call("starwind-remove-device", { Name: device.name }, deps);
  if (record.facts.kind === "file")
    for (const end of [".img", ".swdsk"])
      await rm(win32.join(imageFolder, `${imageName(volume)}${end}`), { force: true });
  await records.writeVolume(volume, undefined);
}

async function makeTarget(op: Op & { readonly type: "make-target" }, deps: PerformDeps): Promise<void> {
  const { volumes } = await deps.records.read();
  const before = await readState(deps);
  const devices = op.volumes.map((volume) => {
    const record = volumes[volume];
    const device = record && deviceOf(record, before);
    if (!device) throw new SalvoError("wrong-state", `StarWind has no device of volume ${volume}`);
    return device.name;
  });
  await call("starwind-target", { Target: op.target, Alias: op.name, Devices: devices.join(",") }, deps);
  const after = await readState(deps);
  for (const [number, name] of devices.entries()) {
    const device = after.devices.find((each) => each.name === name);
    if (device?.target !== op.target || Number(device.lun) !== number || device.lun === "")
      throw new SalvoError(
        "program-failed",
        `StarWind shows its device ${name} as LUN ${device?.lun || "none"} of ${device?.target || "no target"}, not as LUN ${number} of ${op.target}`,
      );
    if (device.wwn === "")
      throw new SalvoError("program-failed", `StarWind does not tell the EUI-64 of its device ${name}`, {
        remedy: "Nobody can attach a LUN that cannot be recognized: tell us what (Get-Device) shows on this host",
      });
  }
}

async function changeIser(
  change: (addresses: readonly string[]) => readonly string[],
  deps: PerformDeps,
): Promise<void> {
  const { iser } = await readState(deps);
  const addresses = iserAddresses(iser);
  if (addresses === undefined)
    throw new SalvoError("refused", `StarWind's iSerListen is "${iser}", and the agent knows only lists of addresses`);
  const wanted = change(addresses).join(",");
  const now = textOf(await call("starwind-iser", { Addresses: wanted }, deps), "iser");
  if (now !== wanted) throw new SalvoError("program-failed", `StarWind's iSerListen is "${now}" and not "${wanted}"`);
}

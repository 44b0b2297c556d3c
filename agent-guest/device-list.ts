import type { Device } from "@salvo/proto/lab_pb.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { hashOfDevice, WITHOUT_A_PLAN } from "@salvo/shared/agent/devices/devices.ts";
import { listedDisk } from "@salvo/shared/agent/guard/examine.ts";
import { openRawDisk } from "@salvo/shared/agent/guard/raw-disk.ts";
import { findListed } from "@salvo/shared/agent/domain/guard/identity.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { DevicesDeps } from "./devices.ts";
import { shown, shownSignatures, shownSize, shownTarget } from "./disks/shown.ts";

const HEAD = ["disk", "device", "model", "serial", "WWN", "target", "size", "on it", "may runs write to it?"];

/** Every disk of the host and every raw device of the agent's file, as a table. Changes nothing. */
export async function listDevices(deps: DevicesDeps): Promise<void> {
  const { config, disks, print } = deps;
  const here = disks.identify().filter(({ sizeBytes }) => !("value" in sizeBytes) || sizeBytes.value > 0n);
  const listed = config.devices.filter(({ disk }) => disk !== undefined);
  const diskOf = (device: Device): DiskIdentity | undefined => {
    const found = findListed(listedDisk(device), here);
    return "disk" in found ? found.disk : undefined;
  };
  const rows: string[][] = [];
  for (const device of listed) rows.push(await rowOf(diskOf(device), device, deps));
  const taken = new Set(listed.map((device) => diskOf(device)?.path));
  for (const disk of here) if (!taken.has(disk.path)) rows.push(await rowOf(disk, undefined, deps));
  print(table([HEAD, ...rows]));
}

async function rowOf(disk: DiskIdentity | undefined, device: Device | undefined, deps: DevicesDeps): Promise<string[]> {
  const name = device?.name ?? "-";
  const verdict = device ? await verdictOn(device, deps) : "no: not listed in the agent's file";
  if (!disk) return ["-", name, "-", "-", "-", "-", "-", "-", verdict];
  const { path, model, serial, wwn, target, sizeBytes } = disk;
  const found = await deps.disks.findSignatures(disk);
  const signatures = "value" in found ? shownSignatures(found) : "unknown";
  return [
    path,
    name,
    model || "-",
    shown(serial),
    shown(wwn),
    shownTarget(target),
    shownSize(sizeBytes),
    signatures,
    verdict,
  ];
}

/** The guard itself is asked, and lets go at once. */
async function verdictOn(device: Device, { config, disks }: DevicesDeps): Promise<string> {
  try {
    const claims = openClaims(config.dataDir);
    const deviceHash = await hashOfDevice(device, claims);
    const deps = { host: config.id, disks, claims, lab: undefined, deviceHash, rules: WITHOUT_A_PLAN };
    (await openRawDisk(device, deps)).close();
    return "yes";
  } catch (error) {
    const known = toSalvoError(error);
    if (known.kind !== "refused") throw error;
    return `no: ${known.message.replace(/^device \S+: /, "")}`;
  }
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => greatest(rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

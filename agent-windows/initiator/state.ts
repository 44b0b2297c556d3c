/** What the script iscsi-state tells of the host. */
import type { PortalPlace } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Json } from "../powershell/answer.ts";
import { numberOf, objectOf, objectsOf, textOf, textsOf, truthOf } from "../powershell/fields.ts";
import { type MultipathDisk, parseMultipathDisks } from "./policies.ts";

export interface Session {
  readonly id: string;
  readonly target: string;
  readonly connected: boolean;
  /** NONE, ONEWAYCHAP. */
  readonly authentication: string;
  readonly portals: readonly PortalPlace[];
  readonly luns: readonly { readonly lun: number; readonly disk: number }[];
}

export interface Disk {
  /** \\.\PhysicalDrive2 */
  readonly number: number;
  /** As Windows writes it. */
  readonly uniqueId: string;
  /** As Linux writes it: naa.6001405... Empty when it is of another form. */
  readonly wwn: string;
  readonly serial: string;
  readonly sizeBytes: bigint;
  readonly offline: boolean;
}

export interface InitiatorState {
  readonly serviceRuns: boolean;
  readonly initiator: string;
  readonly multipath: { readonly ready: boolean; readonly disks: readonly MultipathDisk[] };
  readonly portals: readonly PortalPlace[];
  readonly sessions: readonly Session[];
  readonly disks: readonly Disk[];
}

export function parseState(json: Json): InitiatorState {
  const multipath = objectOf(json, "multipath");
  return {
    serviceRuns: textOf(json, "service") === "Running",
    initiator: textsOf(json, "initiators").find((name) => name.startsWith("iqn.")) ?? "",
    multipath: {
      ready: textOf(multipath, "installed") === "Installed" && truthOf(multipath, "claimed"),
      disks: parseMultipathDisks(textsOf(multipath, "policies")),
    },
    portals: objectsOf(json, "portals").map(placeOf),
    sessions: objectsOf(json, "sessions").map((session) => ({
      id: textOf(session, "id"),
      target: textOf(session, "target"),
      connected: truthOf(session, "connected"),
      authentication: textOf(session, "authentication"),
      portals: objectsOf(session, "connections").map(placeOf),
      luns: objectsOf(session, "luns").map((lun) => ({ lun: numberOf(lun, "lun"), disk: numberOf(lun, "disk") })),
    })),
    disks: objectsOf(json, "disks").map((disk) => ({
      number: numberOf(disk, "number"),
      uniqueId: textOf(disk, "uniqueId"),
      wwn: wwnOf(numberOf(disk, "uniqueIdFormat"), textOf(disk, "uniqueId")),
      serial: textOf(disk, "serial").trim(),
      sizeBytes: BigInt(textOf(disk, "bytes")),
      offline: truthOf(disk, "offline"),
    })),
  };
}

function placeOf(json: Json): PortalPlace {
  return { address: textOf(json, "address"), port: numberOf(json, "port") };
}

/** MSFT_Disk.UniqueIdFormat: 2 is EUI64, 3 is FCPH Name, which is NAA. */
const FORMATS: Readonly<Record<number, string>> = { 2: "eui.", 3: "naa." };

function wwnOf(format: number, uniqueId: string): string {
  const prefix = FORMATS[format];
  const id = uniqueId.trim().toLowerCase();
  return prefix !== undefined && /^[0-9a-f]{16,32}$/.test(id) ? `${prefix}${id}` : "";
}

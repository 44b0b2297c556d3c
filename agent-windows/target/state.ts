/** What the script starwind-state tells. */
import type { PortalPlace } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Json } from "../powershell/answer.ts";
import { numberOf, objectsOf, textOf } from "../powershell/fields.ts";

export interface Device {
  readonly name: string;
  /** RAM disk, Image file. */
  readonly type: string;
  readonly file: string;
  readonly bytes: string;
  readonly sector: string;
  /** Empty when it is of no target. */
  readonly target: string;
  readonly lun: string;
  /** By what initiators know it; empty when StarWind does not tell. */
  readonly wwn: string;
  readonly serial: string;
}

export interface StarWindState {
  readonly devices: readonly Device[];
  readonly targets: readonly { readonly name: string; readonly alias: string }[];
  readonly interfaces: readonly PortalPlace[];
  /** iSerListen. */
  readonly iser: string;
}

export const STOPPED: StarWindState = { devices: [], targets: [], interfaces: [], iser: "" };

export function parseState(json: Json): StarWindState {
  return {
    devices: objectsOf(json, "devices").map((device) => {
      const target = textOf(device, "target");
      const eui = textOf(device, "eui").trim().toLowerCase();
      return {
        name: textOf(device, "name"),
        type: textOf(device, "type"),
        file: textOf(device, "file"),
        bytes: textOf(device, "bytes"),
        sector: textOf(device, "sector"),
        target: target === "empty" ? "" : target,
        lun: textOf(device, "lun"),
        wwn: /^[0-9a-f]{16,32}$/.test(eui) ? `eui.${eui}` : "",
        serial: textOf(device, "serial").trim(),
      };
    }),
    targets: objectsOf(json, "targets").map((target) => ({
      name: textOf(target, "name"),
      alias: textOf(target, "alias"),
    })),
    interfaces: objectsOf(json, "interfaces").map((each) => ({
      address: textOf(each, "address"),
      port: numberOf(each, "port"),
    })),
    iser: textOf(json, "iser"),
  };
}

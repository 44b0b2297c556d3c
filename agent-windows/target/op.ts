/** What is done to a Windows host with StarWind. */
import type { Recorded, TargetRecord } from "./records.ts";

export type Op =
  /** In StarWind.cfg, with the service stopped. */
  | { readonly type: "set-targets-node"; readonly node: number }
  | { readonly type: "pin-ram-disk"; readonly node: number }
  | { readonly type: "make-device"; readonly volume: string; readonly facts: Recorded }
  | { readonly type: "remove-device"; readonly volume: string }
  | {
      readonly type: "make-target";
      /** Of the export. */
      readonly name: string;
      readonly target: string;
      readonly volumes: readonly string[];
      readonly how: TargetRecord;
    }
  | { readonly type: "remove-target"; readonly name: string; readonly target: string }
  | { readonly type: "allow-iser" | "forbid-iser"; readonly address: string };

export function describe(op: Op): string {
  switch (op.type) {
    case "set-targets-node":
      return `Stop-Service StarWindService; # in StarWind.cfg, set node="${op.node}" in <targets>; Start-Service StarWindService`;
    case "pin-ram-disk":
      return `(Get-Process StarRAMService).ProcessorAffinity = ... # all processors of NUMA node ${op.node}`;
    case "make-device":
      return describeDevice(op.volume, op.facts);
    case "remove-device":
      return `$server.RemoveDevice(...) # the device of volume ${op.volume}; and its file, if it has one`;
    case "make-target":
      return `$server.CreateTarget('${op.name}', '${op.target}', ...) # with the devices of ${op.volumes.join(", ")}`;
    case "remove-target":
      return `$server.RemoveTarget('${op.target}', $true)`;
    case "allow-iser":
      return `$server.SetServerParameter('iSerListen', ...) # with ${op.address} added`;
    case "forbid-iser":
      return `$server.SetServerParameter('iSerListen', ...) # without ${op.address}`;
  }
}

function describeDevice(volume: string, { kind, bytes, sector, node }: Recorded): string {
  const size = Number(bytes) / 2 ** 20;
  if (kind === "ram")
    return `$server.CreateDevice('', '', STARWIND_RAM_DEVICE, ...) # ${size} MB in sectors of ${sector} B, for volume ${volume}`;
  const where = node === "" ? "" : ` -NumaNode ${node}`;
  return `New-ImageFile -Size ${size} ...; Add-ImageDevice -sectorSize ${sector}${where} ... # for volume ${volume}`;
}

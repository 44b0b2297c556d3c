/** Volumes: devices of StarWind in memory, or on files in a folder that the agent's own file names. */
import { type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import type { DeviceRecord, Known, Recorded } from "./records.ts";
import type { Device, StarWindState } from "./state.ts";

const MEBIBYTE = 2n ** 20n;

export const volumeId = (name: string) => `volume ${name}`;

/** Throws `invalid-input` for what StarWind cannot have. */
export function wantedVolume(volume: Volume, host: string, imageFolder: string): Piece {
  const { name, kind, device, sizeBytes, sectorBytes, thin, numaNode } = volume;
  const wrong = (why: string) => new SalvoError("invalid-input", `volume ${name} ${why}`, { host });
  if (kind === VolumeKind.DISK || device !== "") throw wrong("is a raw disk: on StarWind, volumes are ram or file");
  if (thin) throw wrong("cannot be thin: files for StarWind are made as a whole");
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw wrong(`has sectors of ${sectorBytes} bytes: 512 or 4096`);
  if (sizeBytes === 0n || sizeBytes % MEBIBYTE !== 0n) throw wrong("has no whole number of MiB, as StarWind wants it");
  if (kind === VolumeKind.RAM && numaNode !== undefined)
    throw wrong("is memory of StarWind, which takes a NUMA node only for a file");
  if (kind === VolumeKind.FILE && imageFolder === "")
    throw wrong("is a file, and this agent's own file names no imageFolder under starWind");
  const facts: Recorded = {
    kind: kind === VolumeKind.RAM ? "ram" : "file",
    bytes: String(sizeBytes),
    sector: String(sectorBytes),
    node: numaNode === undefined ? "" : String(numaNode),
  };
  return base(name, facts);
}

/** Those that this agent has begun to make. A device of others is not known by any name of ours. */
export function foundVolumes({ volumes }: Known, state: StarWindState): Found[] {
  return Object.entries(volumes).map(([name, record]) => {
    const device = state.devices.find((each) => each.name === record.device);
    const problem = problemOf(record, device);
    return { ...base(name, record.facts), ...(problem !== undefined && { problem }) };
  });
}

/** The device of a record: also when nobody got to know how it was called. One that a target has is never taken for it. */
export function deviceOf({ device: name, before, facts }: DeviceRecord, state: StarWindState): Device | undefined {
  if (name !== undefined) return state.devices.find((each) => each.name === name);
  const fitting = state.devices.filter(
    (each) =>
      !before.includes(each.name) &&
      each.target === "" &&
      each.bytes === facts.bytes &&
      /^ram/i.test(each.type) === (facts.kind === "ram"),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function problemOf({ device: name, facts }: DeviceRecord, device: Device | undefined): string | undefined {
  if (name === undefined) return "it was never finished";
  if (!device) return `StarWind has no device ${name} any more`;
  const differs = device.bytes !== facts.bytes || (device.sector !== "" && device.sector !== facts.sector);
  return differs ? `StarWind's device ${name} has ${device.bytes} B in sectors of ${device.sector} B` : undefined;
}

function base(name: string, facts: Recorded): Piece {
  const remove: Op[] = [{ type: "remove-device", volume: name }];
  const what = facts.kind === "ram" ? "memory of StarWind" : "a file";
  const node = facts.node === "" ? "" : `, on NUMA node ${facts.node}`;
  return {
    id: volumeId(name),
    kind: "volume",
    text: `volume ${name}: ${Number(facts.bytes) / 2 ** 20} MiB of ${what}, in sectors of ${facts.sector} B${node}`,
    needs: [],
    facts,
    settings: {},
    make: [{ type: "make-device", volume: name, facts }],
    remove,
  };
}

/** What of a volume is the same whoever exports it. */
import { join } from "node:path";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { volumeSerial } from "./identities.ts";
import type { Op } from "./op.ts";
import type { Piece } from "./piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "../provision/host.ts";
import { rawBytes, rawDevice } from "./raw.ts";

export interface VolumeDeps {
  readonly host: Host;
  readonly maker: Maker;
  readonly config: Pick<AgentConfig, "id" | "devices">;
  /** Of volumes that are files. */
  readonly folder: string;
}

/** All that makes a volume the one it is. */
export interface VolumeFacts extends Readonly<Record<string, string>> {
  readonly backend: string;
  readonly bytes: string;
  /** Of its sectors; empty where they are the disk's own. */
  readonly sector: string;
  readonly thin: string;
  readonly serial: string;
  /** NUMA node of its memory, or empty. */
  readonly node: string;
}

export const PAGE_BYTES = 4096;

export const volumeId = (name: string) => `volume ${name}`;

/** Throws `invalid-input` or `refused` for a volume that nobody could export. */
export function factsOf(volume: Volume, backend: string, deps: VolumeDeps): VolumeFacts {
  const { name, kind, sectorBytes, thin, numaNode } = volume;
  const wrong = (why: string) => new SalvoError("invalid-input", `volume ${name} ${why}`, { host: deps.maker.agent });
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw wrong(`has sectors of ${sectorBytes} bytes: 512 or 4096`);
  if (kind !== VolumeKind.FILE && thin) throw wrong("cannot be thin: only a file gives space back");
  if (kind !== VolumeKind.RAM && numaNode !== undefined) throw wrong("is not memory, and only memory has a NUMA node");
  return {
    backend,
    bytes: String(sizeOf(volume, deps, wrong)),
    sector: kind === VolumeKind.DISK ? "" : String(sectorBytes),
    thin: thin ? "1" : "0",
    serial: volumeSerial(deps.maker, name),
    node: numaNode === undefined ? "" : String(numaNode),
  };
}

function sizeOf(
  { name, kind, device, sizeBytes }: Volume,
  deps: VolumeDeps,
  wrong: (why: string) => SalvoError,
): bigint {
  if (kind === VolumeKind.DISK) {
    if (device === "") throw wrong("names no device of the agent's own file");
    if (sizeBytes !== 0n) throw wrong("has the disk's size, so size must not be given");
    return rawBytes(rawDevice(name, device, deps));
  }
  if (device !== "") throw wrong("is no disk, so device must not be given");
  if (sizeBytes === 0n) throw wrong("has no size");
  if (sizeBytes % BigInt(PAGE_BYTES) !== 0n) throw wrong(`has no whole number of blocks of ${PAGE_BYTES} bytes`);
  return sizeBytes;
}

const KINDS: Readonly<Record<string, string>> = {
  rd_mcp: "RAM",
  nullb: "RAM",
  fileio: "a file",
  file: "a file",
  iblock: "a raw disk",
};

/** What a piece of the volume has in any case. */
export function volumeBase(
  name: string,
  facts: VolumeFacts,
): Pick<Piece, "id" | "kind" | "text" | "facts" | "settings"> {
  const { backend, bytes, sector, thin } = facts;
  const size = bytes === "" ? "nothing" : `${Number(bytes) / 2 ** 20} MiB`;
  const of = thin === "1" ? "a thin file" : (KINDS[backend] ?? backend);
  const sectors = sector === "" ? "its own sectors" : `sectors of ${sector} B`;
  return {
    id: volumeId(name),
    kind: "volume",
    text: `volume ${name}: ${size} of ${of}, in ${sectors}`,
    facts,
    settings: {},
  };
}

/** Makes the file and its folder. Throws `refused` for a path that LIO takes for something else. */
export function makingFile(file: string, { bytes, thin }: VolumeFacts, folder: string): Op[] {
  if (/[,\s]/.test(file))
    throw new SalvoError("refused", "the kernel accepts no path with a comma or a space for a volume", {
      file,
      remedy: "Move the agent's dataDir",
    });
  const program = thin === "1" ? "truncate" : "fallocate";
  return [
    { type: "run", program: "mkdir", args: ["-p", "-m", "700", folder] },
    { type: "run", program, args: [thin === "1" ? "-s" : "-l", bytes, file] },
  ];
}

export function fileIn(folder: string, name: string): string {
  return join(folder, `${name}.img`);
}

/** Names of the volumes whose files are in a folder. */
export function filesIn(folder: string, host: Host): string[] {
  return (host.list(folder) ?? []).flatMap((file) => (file.endsWith(".img") ? [file.slice(0, -".img".length)] : []));
}

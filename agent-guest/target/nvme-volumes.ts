/** Volumes of the kernel's NVMe target: it exports what is a disk, or a file. */
import { join } from "node:path";
import { type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { moduleId } from "../provision/modules.ts";
import { NULLB, RAM_DISK_NAME_MAX, ramDiskPrefix } from "./places.ts";
import { rawPath } from "./raw.ts";
import { factsOf, fileIn, filesIn, makingFile, volumeBase, type VolumeDeps, type VolumeFacts } from "./volumes.ts";

const MIB = 1024 * 1024;

/** Throws `invalid-input` or `refused` for one that NVMe, or this host, cannot have. A raw disk needs nothing besides (raw.ts). */
export function wantedNvmeVolume(volume: Volume, deps: VolumeDeps): Piece[] {
  const { name, kind, sizeBytes, sectorBytes, thin } = volume;
  const wrong = (why: string) => new SalvoError("invalid-input", `volume ${name} ${why}`, { host: deps.maker.agent });
  const facts = { ...factsOf(volume, kind === VolumeKind.FILE ? "file" : "nullb", deps), serial: "" };
  if (kind === VolumeKind.DISK) return [];
  if (kind === VolumeKind.FILE) {
    const blockBytes = sectorOf(folderOf(deps, thin), deps);
    if (sectorBytes !== blockBytes)
      throw wrong(
        `is a file that NVMe would export in sectors of ${blockBytes} bytes, as its file system's blocks are`,
      );
    return [fileVolume(name, facts, thin, deps)];
  }
  if (name.length > RAM_DISK_NAME_MAX)
    throw wrong(`has more than the ${RAM_DISK_NAME_MAX} characters that RAM for NVMe can be called`);
  if (Number(sizeBytes) % MIB !== 0) throw wrong("is RAM for NVMe, which comes in whole MiB");
  return [ramVolume(name, facts, deps.maker)];
}

export function foundNvmeVolumes(deps: VolumeDeps): Found[] {
  const { host, maker } = deps;
  const prefix = ramDiskPrefix(maker);
  const ramDisks = (host.list(NULLB) ?? []).filter((name) => name.startsWith(prefix));
  return [
    ...ramDisks.map((name) => findRam(name.slice(prefix.length), deps)),
    ...[false, true].flatMap((thin) => filesIn(folderOf(deps, thin), host).map((name) => findFile(name, thin, deps))),
  ];
}

/** What a namespace of it is made of. */
export function nvmePath(
  { name, kind, thin }: Pick<Volume, "name" | "kind" | "thin">,
  deps: Pick<VolumeDeps, "maker" | "folder">,
): string {
  if (kind === VolumeKind.DISK) return rawPath(deps.maker, name);
  return kind === VolumeKind.FILE ? fileIn(folderOf(deps, thin), name) : `/dev/${ramDiskPrefix(deps.maker)}${name}`;
}

/** nvmet takes a file system's blocks for sectors, up to 4 KiB: drivers/nvme/target/io-cmd-file.c. */
function sectorOf(folder: string, { host }: Pick<VolumeDeps, "host">): number {
  return Math.min(host.blockSize(folder), 4096);
}

/** Not among LIO's: a file that is there, and no more, is whole here. */
function folderOf({ folder }: Pick<VolumeDeps, "folder">, thin: boolean): string {
  return join(folder, thin ? "nvme-thin" : "nvme");
}

function ramVolume(name: string, facts: VolumeFacts, maker: Maker): Piece {
  const path = `${NULLB}/${ramDiskPrefix(maker)}${name}`;
  const write = (file: string, value: string): Op => ({ type: "write", path: `${path}/${file}`, value });
  return {
    ...volumeBase(name, facts),
    needs: [moduleId("null_blk")],
    make: [
      { type: "mkdir", path },
      write("size", String(Number(facts.bytes) / MIB)),
      write("blocksize", facts.sector),
      write("memory_backed", "1"),
      ...(facts.node === "" ? [] : [write("home_node", facts.node)]),
      write("power", "1"),
    ],
    remove: [{ type: "rmdir", path }],
  };
}

const NO_NODE = "4294967295";

function findRam(name: string, { host, maker }: VolumeDeps): Found {
  const read = (file: string) => host.read(`${NULLB}/${ramDiskPrefix(maker)}${name}/${file}`) ?? "";
  const node = read("home_node");
  const facts = {
    backend: "nullb",
    bytes: String(Number(read("size")) * MIB),
    sector: read("blocksize"),
    thin: "0",
    serial: "",
    node: node === NO_NODE || node === "-1" ? "" : node,
  };
  const whole = read("power") === "1" && read("memory_backed") === "1";
  return { ...ramVolume(name, facts, maker), ...(!whole && { problem: "it was never switched on" }) };
}

function fileVolume(name: string, facts: VolumeFacts, thin: boolean, deps: VolumeDeps): Piece {
  const folder = folderOf(deps, thin);
  const file = fileIn(folder, name);
  return {
    ...volumeBase(name, facts),
    needs: [],
    make: makingFile(file, facts, folder),
    remove: [{ type: "remove", path: file }],
  };
}

function findFile(name: string, thin: boolean, deps: VolumeDeps): Found {
  const folder = folderOf(deps, thin);
  const bytes = String(deps.host.size(fileIn(folder, name)) ?? 0);
  const facts = {
    backend: "file",
    bytes,
    sector: String(sectorOf(folder, deps)),
    thin: thin ? "1" : "0",
    serial: "",
    node: "",
  };
  return fileVolume(name, facts, thin, deps);
}

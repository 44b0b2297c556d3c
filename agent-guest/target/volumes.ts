import { join } from "node:path";
import { type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { type Maker, volumeSerial } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Op } from "@salvo/shared/agent/domain/provision/op.ts";
import type { Found, Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "../provision/host.ts";
import { backendId } from "./base.ts";
import { type Backend, backendPath, BACKENDS, TARGET, volumePath, volumePrefix } from "./places.ts";

/** Of what the files and the names of volumes are made. */
export interface VolumeDeps {
  readonly host: Host;
  readonly maker: Maker;
  /** Of volumes that are files. */
  readonly folder: string;
}

/** All that makes a volume the one it is. */
export interface VolumeFacts extends Readonly<Record<string, string>> {
  readonly backend: Backend;
  readonly bytes: string;
  readonly sector: string;
  readonly thin: string;
  readonly serial: string;
  /** NUMA node of its memory, or empty. */
  readonly node: string;
}

const PAGE_BYTES = 4096;

export const volumeId = (name: string) => `volume ${name}`;

/** Throws `invalid-input` or `refused` for one that LIO, or this host, cannot have. */
export function wantedVolume(volume: Volume, deps: VolumeDeps): Piece {
  const { name, kind, sizeBytes, sectorBytes, thin, numaNode } = volume;
  const wrong = (why: string) => new SalvoError("invalid-input", `volume ${name} ${why}`, { host: deps.maker.agent });
  if (kind === VolumeKind.DISK)
    throw new SalvoError("refused", `volume ${name}: raw disks are not exported yet`, {
      host: deps.maker.agent,
      remedy: "Use kind: ram or kind: file",
    });
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw wrong(`has sectors of ${sectorBytes} bytes: 512 or 4096`);
  if (sizeBytes === 0n) throw wrong("has no size");
  if (sizeBytes % BigInt(PAGE_BYTES) !== 0n) throw wrong(`has no whole number of blocks of ${PAGE_BYTES} bytes`);
  if (kind === VolumeKind.RAM && thin) throw wrong("is of RAM, which LIO cannot give back: thin is for files");
  if (kind === VolumeKind.FILE && numaNode !== undefined) throw wrong("is a file, which is on no NUMA node");
  const facts: VolumeFacts = {
    backend: kind === VolumeKind.RAM ? "rd_mcp" : "fileio",
    bytes: String(sizeBytes),
    sector: String(sectorBytes),
    thin: thin ? "1" : "0",
    serial: volumeSerial(deps.maker, name),
    node: numaNode === undefined ? "" : String(numaNode),
  };
  return { ...base(name, facts), make: making(name, facts, deps), remove: removing(name, facts.backend, deps) };
}

/** Those of this agent, and those that nobody knows: of others, or of another agent of this host. */
export function foundVolumes(deps: VolumeDeps): Found[] {
  const { host, maker, folder } = deps;
  const prefix = volumePrefix(maker);
  const ours = BACKENDS.flatMap((backend) =>
    (host.list(backendPath(backend)) ?? [])
      .filter((name) => name.startsWith(prefix))
      .map((name) => findVolume(name.slice(prefix.length), backend, deps)),
  );
  const known = new Set(ours.map(({ id }) => id));
  const files = (host.list(folder) ?? [])
    .flatMap((file) => (file.endsWith(".img") ? [file.slice(0, -".img".length)] : []))
    .filter((name) => !known.has(volumeId(name)))
    .map((name) => justAFile(name, deps));
  return [...ours, ...files, ...othersVolumes(deps)];
}

function findVolume(name: string, backend: Backend, deps: VolumeDeps): Found {
  const { host, maker } = deps;
  const path = volumePath(maker, backend, name);
  const read = (file: string) => host.read(`${path}/${file}`) ?? "";
  const [, numaNode = ""] = /^numa-(\d+)$/.exec(read("alias")) ?? [];
  const facts: VolumeFacts = {
    backend,
    bytes: sizeIn(read("info")),
    sector: read("attrib/block_size"),
    thin: read("attrib/emulate_tpu"),
    serial: read("wwn/vpd_unit_serial").replace(/^T10 VPD Unit Serial Number: /, ""),
    node: numaNode,
  };
  const whole = read("enable") === "1";
  return {
    ...base(name, facts),
    make: whole ? making(name, facts, deps) : [],
    remove: removing(name, backend, deps),
    ...(!whole && { problem: "it was never enabled" }),
  };
}

/** "PAGES/PAGE_SIZE: 512*4096" of RAM, "Size: 1048576" of a file; both have a SectorSize before it. */
function sizeIn(info: string): string {
  const [, pages, pageBytes, bytes] = /PAGES\/PAGE_SIZE: (\d+)\*(\d+)|\bSize: (\d+)/.exec(info) ?? [];
  return bytes ?? String(Number(pages ?? 0) * Number(pageBytes ?? 0));
}

function justAFile(name: string, deps: VolumeDeps): Found {
  const path = filePath(name, deps);
  const nothing = { backend: "fileio", bytes: "", sector: "", thin: "", serial: "", node: "" } as const;
  const remove: Op[] = [{ type: "remove", path }];
  return { ...base(name, nothing), needs: [], make: [], remove, problem: "there is only its file" };
}

function othersVolumes({ host, maker }: VolumeDeps): Found[] {
  const prefix = volumePrefix(maker);
  return (host.list(`${TARGET}/core`) ?? []).flatMap((hba) => {
    if (hba === "alua") return []; // of the core itself
    const backend = BACKENDS.find((each) => backendPath(each).endsWith(`/${hba}`));
    return (host.list(`${TARGET}/core/${hba}`) ?? [])
      .filter((name) => (backend === undefined || !name.startsWith(prefix)) && isVolume(host, hba, name))
      .map((name) => ({
        id: volumeId(`${hba}/${name}`),
        text: `volume ${hba}/${name} of LIO`,
        needs: backend === undefined ? [] : [backendId(backend)],
        facts: {},
        settings: {},
        make: [],
        remove: [],
      }));
  });
}

/** Folders of back ends have files too. */
function isVolume(host: Host, hba: string, name: string): boolean {
  return host.read(`${TARGET}/core/${hba}/${name}/enable`) !== undefined;
}

function base(name: string, facts: VolumeFacts) {
  const { backend, bytes, sector, thin } = facts;
  const size = bytes === "" ? "nothing" : `${Number(bytes) / 2 ** 20} MiB`;
  const of = backend === "rd_mcp" ? "RAM" : thin === "1" ? "a thin file" : "a file";
  return {
    id: volumeId(name),
    text: `volume ${name}: ${size} of ${of}, in sectors of ${sector || "?"} B`,
    needs: [backendId(backend)],
    facts,
    settings: {},
  };
}

function making(name: string, facts: VolumeFacts, deps: VolumeDeps): Op[] {
  const { backend, bytes, sector, thin, serial, node } = facts;
  const path = volumePath(deps.maker, backend, name);
  const write = (file: string, value: string): Op => ({ type: "write", path: `${path}/${file}`, value });
  const file = filePath(name, deps);
  const isFile = backend === "fileio";
  const control = isFile ? `fd_dev_name=${file},fd_dev_size=${bytes}` : `rd_pages=${Number(bytes) / PAGE_BYTES}`;
  return [
    ...(isFile ? makingFile(file, facts, deps) : []),
    { type: "mkdir", path },
    write("control", control),
    write("wwn/vpd_unit_serial", serial),
    ...(node === "" ? [] : [write("alias", `numa-${node}`)]),
    // Its memory is taken here, by whoever writes this: from the node of the CPU that it runs on.
    { type: "write", path: `${path}/enable`, value: "1", ...(node !== "" && { cpus: cpusOf(node, deps) }) },
    write("attrib/block_size", sector),
    ...(thin === "1" ? [write("attrib/emulate_tpu", "1"), write("attrib/emulate_tpws", "1")] : []),
  ];
}

function makingFile(file: string, { bytes, thin }: VolumeFacts, { folder }: VolumeDeps): Op[] {
  if (/[,\s]/.test(file))
    throw new SalvoError("refused", "LIO takes no path with a comma or space for a volume", {
      file,
      remedy: "Move the agent's dataDir",
    });
  const program = thin === "1" ? "truncate" : "fallocate";
  return [
    { type: "run", program: "mkdir", args: ["-p", "-m", "700", folder] },
    { type: "run", program, args: [thin === "1" ? "-s" : "-l", bytes, file] },
  ];
}

function removing(name: string, backend: Backend, deps: VolumeDeps): Op[] {
  const { maker } = deps;
  return [
    { type: "rmdir", path: volumePath(maker, backend, name) },
    ...(backend === "fileio" ? [{ type: "remove", path: filePath(name, deps) } as const] : []),
  ];
}

function filePath(name: string, { folder }: VolumeDeps): string {
  return join(folder, `${name}.img`);
}

function cpusOf(node: string, { host, maker }: VolumeDeps): string {
  const cpus = host.read(`/sys/devices/system/node/node${node}/cpulist`);
  if (cpus) return cpus;
  throw new SalvoError("refused", `there is no NUMA node ${node} with CPUs`, { host: maker.agent });
}

/** Volumes of LIO, for iSCSI, iSER and this host itself. */
import { type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "../provision/host.ts";
import { backendId } from "./base.ts";
import { type Backend, backendPath, BACKENDS, TARGET, volumePath, volumePrefix } from "./places.ts";
import { rawId, rawPath } from "./raw.ts";
import {
  factsOf,
  fileIn,
  filesIn,
  makingFile,
  PAGE_BYTES,
  volumeBase,
  type VolumeDeps,
  type VolumeFacts,
  volumeId,
} from "./volumes.ts";

export function backendOf({ kind }: Volume): Backend {
  if (kind === VolumeKind.DISK) return "iblock";
  return kind === VolumeKind.FILE ? "fileio" : "rd_mcp";
}

/** Throws `invalid-input` or `refused` for one that LIO, or this host, cannot have. */
export function wantedLioVolume(volume: Volume, deps: VolumeDeps): Piece {
  const { name } = volume;
  const backend = backendOf(volume);
  const facts = factsOf(volume, backend, deps);
  return {
    ...base(name, backend, facts),
    make: making(name, backend, facts, deps),
    remove: removing(name, backend, deps),
  };
}

/** Those of this agent, and those that nobody knows: of others, or of another agent of this host. raw: of foundRaw. */
export function foundLioVolumes(deps: VolumeDeps, raw: readonly Found[]): Found[] {
  const { host, maker, folder } = deps;
  const prefix = volumePrefix(maker);
  const ours = BACKENDS.flatMap((backend) =>
    (host.list(backendPath(backend)) ?? [])
      .filter((name) => name.startsWith(prefix))
      .map((name) => findVolume(name.slice(prefix.length), backend, deps, raw)),
  );
  const known = new Set(ours.map(({ id }) => id));
  const files = filesIn(folder, host)
    .filter((name) => !known.has(volumeId(name)))
    .map((name) => justAFile(name, deps));
  return [...ours, ...files, ...othersVolumes(deps)];
}

function findVolume(name: string, backend: Backend, deps: VolumeDeps, raw: readonly Found[]): Found {
  const { host, maker } = deps;
  const path = volumePath(maker, backend, name);
  const read = (file: string) => host.read(`${path}/${file}`) ?? "";
  const [, numaNode = ""] = /^numa-(\d+)$/.exec(read("alias")) ?? [];
  const isDisk = backend === "iblock";
  const facts: VolumeFacts = {
    backend,
    bytes: isDisk ? (raw.find(({ id }) => id === rawId(name))?.facts["bytes"] ?? "") : sizeIn(read("info")),
    sector: isDisk ? "" : read("attrib/block_size"),
    thin: isDisk ? "0" : read("attrib/emulate_tpu"),
    serial: read("wwn/vpd_unit_serial").replace(/^T10 VPD Unit Serial Number: /, ""),
    node: numaNode,
  };
  const whole = read("enable") === "1";
  return {
    ...base(name, backend, facts),
    make: whole ? making(name, backend, facts, deps) : [],
    remove: removing(name, backend, deps),
    ...(!whole && { problem: "it was never enabled" }),
  };
}

/** "PAGES/PAGE_SIZE: 512*4096" of RAM, "Size: 1048576" of a file; both have a SectorSize before it. */
function sizeIn(info: string): string {
  const [, pages, pageBytes, bytes] = /PAGES\/PAGE_SIZE: (\d+)\*(\d+)|\bSize: (\d+)/.exec(info) ?? [];
  return bytes ?? String(Number(pages ?? 0) * Number(pageBytes ?? 0));
}

function justAFile(name: string, { folder }: VolumeDeps): Found {
  const nothing = { backend: "fileio", bytes: "", sector: "", thin: "", serial: "", node: "" };
  const remove: Op[] = [{ type: "remove", path: fileIn(folder, name) }];
  return { ...volumeBase(name, nothing), needs: [], make: [], remove, problem: "there is only its file" };
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
        kind: "volume",
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

function base(name: string, backend: Backend, facts: VolumeFacts) {
  const needs = [backendId(backend), ...(backend === "iblock" ? [rawId(name)] : [])];
  return { ...volumeBase(name, facts), needs };
}

function making(name: string, backend: Backend, facts: VolumeFacts, deps: VolumeDeps): Op[] {
  const { bytes, sector, thin, serial, node } = facts;
  const path = volumePath(deps.maker, backend, name);
  const write = (file: string, value: string): Op => ({ type: "write", path: `${path}/${file}`, value });
  const file = fileIn(deps.folder, name);
  const control = {
    rd_mcp: `rd_pages=${Number(bytes) / PAGE_BYTES}`,
    fileio: `fd_dev_name=${file},fd_dev_size=${bytes}`,
    iblock: `udev_path=${rawPath(deps.maker, name)}`,
  }[backend];
  return [
    ...(backend === "fileio" ? makingFile(file, facts, deps.folder) : []),
    { type: "mkdir", path },
    write("control", control),
    write("wwn/vpd_unit_serial", serial),
    ...(node === "" ? [] : [write("alias", `numa-${node}`)]),
    // Its memory is taken here, by whoever writes this: from the node of the CPU that it runs on.
    { type: "write", path: `${path}/enable`, value: "1", ...(node !== "" && { cpus: cpusOf(node, deps) }) },
    ...(sector === "" ? [] : [write("attrib/block_size", sector)]),
    ...(thin === "1" ? [write("attrib/emulate_tpu", "1"), write("attrib/emulate_tpws", "1")] : []),
  ];
}

function removing(name: string, backend: Backend, { maker, folder }: VolumeDeps): Op[] {
  return [
    { type: "rmdir", path: volumePath(maker, backend, name) },
    ...(backend === "fileio" ? [{ type: "remove", path: fileIn(folder, name) } as const] : []),
  ];
}

function cpusOf(node: string, { host, maker }: VolumeDeps): string {
  const cpus = host.read(`/sys/devices/system/node/node${node}/cpulist`);
  if (cpus) return cpus;
  throw new SalvoError("refused", `there is no NUMA node ${node} with CPUs`, { host: maker.agent });
}

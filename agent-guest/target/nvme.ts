/** The kernel's own NVMe target, over TCP and RDMA (drivers/nvme/target/configfs.c). */
import { type Export, Transport, type Volume, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { type Maker, nvmeName, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { subsystemSerial, uuidOf, volumeSerial } from "./identities.ts";
import type { Op } from "./op.ts";
import type { Piece } from "./piece.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";
import { moduleId } from "../provision/modules.ts";
import { initiatorId, lunId, portalId, targetId } from "./ids.ts";
import { nvmePath } from "./nvme-volumes.ts";
import { NVMET } from "./places.ts";
import { rawId } from "./raw.ts";
import { type VolumeDeps, volumeId } from "./volumes.ts";

/** NVMe's words for a transport. */
export type NvmeTransport = "tcp" | "rdma";

export function nvmeTransport(transport: Transport): NvmeTransport | undefined {
  if (transport === Transport.NVME_TCP) return "tcp";
  return transport === Transport.NVME_RDMA ? "rdma" : undefined;
}

export interface NvmePort {
  readonly transport: NvmeTransport;
  readonly address: string;
  readonly port: number;
}

export const portId = (folder: string) => `port ${folder}`;

/** A port that there is, in a folder that has a number for its name. */
export interface FoundPort extends NvmePort {
  readonly folder: string;
}

/** Throws `invalid-input` for what NVMe has no place for. */
export function wantedNvme(
  wanted: Export,
  volumeOf: (name: string) => Volume,
  there: readonly FoundPort[],
  deps: VolumeDeps,
): Piece[] {
  const { name, luns, initiators, chap, queueDepth } = wanted;
  const { maker } = deps;
  const wrong = (why: string) => new SalvoError("invalid-input", `export ${name} ${why}`, { host: maker.agent });
  if (chap) throw wrong("has CHAP, which works only with iSCSI and iSER");
  if (queueDepth > 0) throw wrong("has a queue depth, which of NVMe is the initiator's: queueDepth of its attachment");
  if (luns.some(({ number }) => number === 0)) throw wrong("has LUN 0: NVMe counts from 1");
  const transport = nvmeTransport(wanted.transport) ?? "tcp";
  const parts = [
    subsystem(maker, name, initiators.length === 0),
    ...luns.map(({ number, volume }) => {
      const { kind } = volumeOf(volume);
      const serial = volumeSerial(maker, volume);
      return namespace(maker, name, String(number), {
        volume,
        path: nvmePath(volumeOf(volume), deps),
        uuid: uuidOf(serial),
        needs: kind === VolumeKind.DISK ? rawId(volume) : volumeId(volume),
      });
    }),
    ...initiators.flatMap((nqn) => [hostPiece(nqn), allowed(maker, name, nqn)]),
  ];
  const ids = parts.map(({ id }) => id);
  const ports = wanted.portals.map(({ address, port }) => placed({ transport, address, port }, there));
  return [...parts, ...ports.flatMap((port) => [portPiece(port), portal(maker, name, port, ids)])];
}

export function subsystemPath(maker: Maker, name: string): string {
  return `${NVMET}/subsystems/${nvmeName(maker, name)}`;
}

export function subsystem(
  maker: Maker,
  name: string,
  anybody: boolean,
  serial: string = subsystemSerial(maker, name),
): Piece {
  const path = subsystemPath(maker, name);
  const who: Op = { type: "write", path: `${path}/attr_allow_any_host`, value: anybody ? "1" : "0" };
  return {
    id: targetId(name),
    kind: "target",
    text: `target ${name}: ${nvmeName(maker, name)}`,
    needs: [moduleId("nvmet")],
    facts: { fabric: "nvme", export: name, serial },
    settings: { "who may log in": { value: anybody ? "anybody" : "who is listed", ops: [who] } },
    make: [
      { type: "mkdir", path },
      // Before anybody has seen it: afterwards it stays as it is.
      { type: "write", path: `${path}/attr_serial`, value: serial },
      who,
    ],
    remove: [{ type: "rmdir", path }],
  };
}

export interface NamespaceOf {
  readonly volume: string;
  readonly path: string;
  readonly uuid: string;
  /** The piece that it is made of. */
  readonly needs?: string;
}

export function namespace(maker: Maker, name: string, number: string, of: NamespaceOf): Piece {
  const path = `${subsystemPath(maker, name)}/namespaces/${number}`;
  const write = (file: string, value: string): Op => ({ type: "write", path: `${path}/${file}`, value });
  return {
    id: lunId(name, number),
    kind: "lun",
    text: `LUN ${number} of ${name}: volume ${of.volume}`,
    needs: [targetId(name), ...(of.needs === undefined ? [] : [of.needs])],
    facts: { export: name, number, volume: of.volume, path: of.path, uuid: of.uuid },
    settings: {},
    make: [{ type: "mkdir", path }, write("device_path", of.path), write("device_uuid", of.uuid), write("enable", "1")],
    remove: [
      { type: "rmdir", path }, // which disables it
    ],
  };
}

export function hostPiece(nqn: string): Piece {
  const path = `${NVMET}/hosts/${nqn}`;
  return {
    id: `host ${nqn}`,
    kind: "host",
    text: `NVMe host ${nqn}`,
    needs: [moduleId("nvmet")],
    facts: {},
    settings: {},
    make: [{ type: "mkdir", path }],
    remove: [{ type: "rmdir", path }],
    shared: "goes",
  };
}

export function allowed(maker: Maker, name: string, nqn: string): Piece {
  const path = `${subsystemPath(maker, name)}/allowed_hosts/${nqn}`;
  return {
    id: initiatorId(name, nqn),
    kind: "initiator",
    text: `initiator of ${name}: ${nqn}`,
    needs: [targetId(name), `host ${nqn}`],
    facts: {},
    settings: {},
    make: [{ type: "symlink", path, target: `${NVMET}/hosts/${nqn}` }],
    remove: [{ type: "unlink", path }],
  };
}

/** Where it is, if it is there; otherwise in a folder that comes of what it is, and hardly is another's. */
function placed(port: NvmePort, there: readonly FoundPort[]): FoundPort {
  const same = (found: NvmePort) =>
    found.transport === port.transport && found.address === port.address && found.port === port.port;
  const known = there.find(same);
  if (known) return known;
  const hash = Number.parseInt(sha256(`${port.transport} ${shownPortal(port)}`).slice(0, 8), 16);
  const folder = (attempt: number) => String(1024 + ((hash + attempt) % 60_000));
  let attempt = 0;
  while (there.some((found) => found.folder === folder(attempt) && found.address !== "")) attempt++;
  return { ...port, folder: folder(attempt) };
}

/** An address that exports share. */
export function portPiece(port: FoundPort): Piece {
  const { transport, address, folder } = port;
  const path = `${NVMET}/ports/${folder}`;
  const write = (file: string, value: string): Op => ({ type: "write", path: `${path}/${file}`, value });
  return {
    id: portId(folder),
    kind: "port",
    text: `port ${folder} of NVMe: ${shownPortal(port)}, ${transport}`,
    needs: [moduleId(`nvmet_${transport}`)],
    facts: { transport, address, port: String(port.port) },
    settings: {},
    make: [
      { type: "mkdir", path },
      write("addr_adrfam", address.includes(":") ? "ipv6" : "ipv4"),
      write("addr_trtype", transport),
      write("addr_traddr", address),
      write("addr_trsvcid", String(port.port)),
    ],
    remove: [{ type: "rmdir", path }],
    shared: "goes",
  };
}

/** From then on initiators come in, so it is the last. needs: all other parts of the export. */
export function portal(maker: Maker, name: string, port: FoundPort, needs: readonly string[]): Piece {
  const path = `${NVMET}/ports/${port.folder}/subsystems/${nvmeName(maker, name)}`;
  return {
    id: portalId(name, shownPortal(port)),
    kind: "portal",
    text: `portal of ${name}: ${shownPortal(port)}, NVMe over ${port.transport === "tcp" ? "TCP" : "RDMA"}`,
    needs: [...needs, portId(port.folder)],
    facts: { export: name, portal: shownPortal(port), transport: port.transport },
    settings: {},
    make: [{ type: "symlink", path, target: subsystemPath(maker, name) }],
    remove: [{ type: "unlink", path }],
  };
}

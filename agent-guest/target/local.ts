/** LUNs for the target's own host, over no network: LIO's loopback fabric. */
import type { Export } from "@salvo/proto/storage_pb.ts";
import { localName, type Maker, targetPrefixes } from "@salvo/shared/agent/domain/provision/names.ts";
import type { Found, Piece } from "./piece.ts";
import type { Host } from "../provision/host.ts";
import { loopbackFabricId } from "./base.ts";
import { linksIn, numbered, volumeAt } from "./found-iscsi.ts";
import { lunId, targetId } from "./ids.ts";
import { type Backend, LOOPBACK_FABRIC, volumePath } from "./places.ts";
import { volumeId } from "./volumes.ts";

/** Known by its NAA name, which does not tell the export's: the links of its LUNs are called after that. */
export function wantedLocal({ name, luns }: Export, maker: Maker, backendOf: (volume: string) => Backend): Piece[] {
  const naa = localName(maker, name);
  return [
    target(naa, localName(maker, `${name}, as who uses it`)),
    ...luns.map(({ number, volume }) =>
      lun(maker, naa, name, { number: String(number), volume, backend: backendOf(volume) }),
    ),
  ];
}

/** Of this agent all, of others that they are there. */
export function foundLocal(host: Host, maker: Maker): Found[] {
  const names = (host.list(LOOPBACK_FABRIC) ?? []).filter((name) => name.startsWith("naa."));
  return names.flatMap((naa) => {
    if (!targetPrefixes(maker).some((prefix) => naa.startsWith(prefix))) return [othersLocal(naa)];
    const group = groupPath(naa);
    const nexus = host.read(`${group}/nexus`) ?? "";
    const found = target(naa, nexus);
    if (!host.list(group)) return [{ ...found, remove: found.remove.slice(1), problem: "it has no portal group" }];
    return [
      { ...found, ...(nexus === "" && { problem: "nobody may use it yet" }) },
      ...numbered(host, `${group}/lun`).map((number) => findLun(host, maker, naa, number)),
    ];
  });
}

function othersLocal(naa: string): Found {
  const text = `local target ${naa} of LIO`;
  return {
    id: targetId(naa),
    kind: "target",
    text,
    needs: [loopbackFabricId],
    facts: {},
    settings: {},
    make: [],
    remove: [],
  };
}

function groupPath(naa: string): string {
  return `${LOOPBACK_FABRIC}/${naa}/tpgt_1`;
}

/** nexus: what the host calls itself towards the target. */
function target(naa: string, nexus: string): Piece {
  const group = groupPath(naa);
  const folder = `${LOOPBACK_FABRIC}/${naa}`;
  return {
    id: targetId(naa),
    kind: "target",
    text: `local target ${naa}`,
    needs: [loopbackFabricId],
    facts: { fabric: "local", naa },
    settings: {},
    make: [
      { type: "mkdir", path: folder },
      { type: "mkdir", path: group },
      { type: "write", path: `${group}/nexus`, value: nexus },
    ],
    remove: [
      { type: "rmdir", path: group },
      { type: "rmdir", path: folder },
    ],
  };
}

interface LocalLun {
  readonly number: string;
  readonly volume: string;
  readonly backend: Backend;
}

function lun(maker: Maker, naa: string, exported: string, { number, volume, backend }: LocalLun): Piece {
  const path = `${groupPath(naa)}/lun/lun_${number}`;
  const link = `${path}/${exported}`;
  return {
    id: lunId(naa, number),
    kind: "lun",
    text: `LUN ${number} of ${naa}: volume ${volume}`,
    needs: [targetId(naa), volumeId(volume)],
    facts: { export: exported, number, volume },
    settings: {},
    make: [
      { type: "mkdir", path },
      { type: "symlink", path: link, target: volumePath(maker, backend, volume) },
    ],
    remove: [
      { type: "unlink", path: link },
      { type: "rmdir", path },
    ],
  };
}

function findLun(host: Host, maker: Maker, naa: string, number: string): Found {
  const path = `${groupPath(naa)}/lun/lun_${number}`;
  const link = linksIn(host, path)[0];
  if (link) return lun(maker, naa, link.name, { number, ...volumeAt(link.leadsTo, maker) });
  const piece = lun(maker, naa, "nobody's", { number, volume: "nothing", backend: "rd_mcp" });
  const remove = [{ type: "rmdir", path } as const];
  return { ...piece, needs: [targetId(naa)], make: [], remove, problem: "it has no volume" };
}

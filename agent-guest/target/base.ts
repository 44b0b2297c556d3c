/** What everything else of LIO stands on: configfs, modules, the folders of back ends and of the iSCSI fabric. */
import type { Found, Piece } from "@salvo/shared/agent/domain/provision/piece.ts";
import type { Host } from "../provision/host.ts";
import { foundModules, moduleId, modulePiece } from "../provision/modules.ts";
import { type Backend, backendPath, BACKENDS, CONFIGFS, FABRIC, MODULE_OF, MODULES } from "./places.ts";

const CONFIGFS_PIECE: Piece = {
  id: "configfs",
  text: "configfs, mounted",
  needs: [moduleId("configfs")],
  facts: {},
  settings: {},
  make: [{ type: "run", program: "mount", args: ["-t", "configfs", "configfs", CONFIGFS] }],
  remove: [],
  shared: "stays",
};

const FABRIC_PIECE = folder("fabric iscsi", "folder of all iSCSI targets", FABRIC, "iscsi_target_mod");

export const fabricId = FABRIC_PIECE.id;
export const backendId = (backend: Backend) => `backend ${backend}`;

/** In the order in which they can be made. */
export function wantedBase(
  backends: ReadonlySet<Backend>,
  { fabric, iser }: { fabric: boolean; iser: boolean },
): Piece[] {
  const used = BACKENDS.filter((backend) => backends.has(backend));
  if (used.length === 0 && !fabric) return [];
  const modules = new Set(["target_core_mod", ...used.map((backend) => MODULE_OF[backend])]);
  if (fabric) modules.add("iscsi_target_mod");
  if (iser) modules.add("ib_isert");
  return [
    modulePiece("configfs"),
    CONFIGFS_PIECE,
    ...[...modules].map((name) => modulePiece(name, [CONFIGFS_PIECE.id])),
    ...used.map(backendPiece),
    ...(fabric ? [FABRIC_PIECE] : []),
  ];
}

export function foundBase(host: Host): Found[] {
  const mounts = host.read("/proc/self/mounts") ?? "";
  return [
    ...foundModules(host, MODULES),
    ...(mounts.includes(` ${CONFIGFS} configfs `) ? [CONFIGFS_PIECE] : []),
    ...BACKENDS.filter((backend) => host.list(backendPath(backend))).map(backendPiece),
    ...(host.list(FABRIC) ? [FABRIC_PIECE] : []),
  ];
}

function backendPiece(backend: Backend): Piece {
  return folder(backendId(backend), `folder of ${backend} volumes`, backendPath(backend), MODULE_OF[backend]);
}

function folder(id: string, text: string, path: string, module: string): Piece {
  return {
    id,
    text,
    needs: [moduleId(module)],
    facts: {},
    settings: {},
    make: [{ type: "mkdir", path }],
    remove: [{ type: "rmdir", path }],
    shared: "goes",
  };
}

/** What everything else stands on: configfs, modules, the folders of LIO's back ends and fabrics. */
import type { Found, Piece } from "./piece.ts";
import type { Host } from "../provision/host.ts";
import { foundModules, moduleId, type ModuleOptions, wantedModule } from "../provision/modules.ts";
import { type Backend, backendPath, BACKENDS, CONFIGFS, ISCSI_FABRIC, LOOPBACK_FABRIC, MODULE_OF } from "./places.ts";

const CONFIGFS_PIECE: Piece = {
  id: "configfs",
  kind: "configfs",
  text: "configfs, mounted",
  needs: [moduleId("configfs")],
  facts: {},
  settings: {},
  make: [{ type: "run", program: "mount", args: ["-t", "configfs", "configfs", CONFIGFS] }],
  remove: [],
  shared: "stays",
};

const ISCSI_PIECE = folder("fabric iscsi", "folder of all iSCSI targets", ISCSI_FABRIC, "iscsi_target_mod");
const LOOPBACK_PIECE = folder("fabric loopback", "folder of all local targets", LOOPBACK_FABRIC, "tcm_loop");

export const iscsiFabricId = ISCSI_PIECE.id;
export const loopbackFabricId = LOOPBACK_PIECE.id;
export const backendId = (backend: Backend) => `backend ${backend}`;

/** Of all that is wanted, what each kind of thing needs. */
export interface BaseNeeds {
  readonly backends: ReadonlySet<Backend>;
  readonly iscsi: boolean;
  readonly iser: boolean;
  readonly local: boolean;
  /** NVMe's transports. */
  readonly nvme: ReadonlySet<"tcp" | "rdma">;
  /** RAM disks for NVMe. */
  readonly ramDisks: boolean;
  /** Raw disks, without their first MiB. */
  readonly maps: boolean;
}

/** Without a disk of its own: by itself it makes one of 250 GB. */
const MODULE_OPTIONS: Readonly<Record<string, readonly string[]>> = { null_blk: ["nr_devices=0"] };
const MODULES = [
  "configfs",
  "target_core_mod",
  "target_core_file",
  "target_core_iblock",
  "iscsi_target_mod",
  "ib_isert",
  "tcm_loop",
  "null_blk",
  "nvmet",
  "nvmet_tcp",
  "nvmet_rdma",
  "dm_mod",
];

/** In the order in which they can be made. Throws `refused` for what this kernel does not have. */
export function wantedBase(needs: BaseNeeds, host: Host, agent: string): Piece[] {
  const modules = modulesFor(needs);
  if (modules.size === 0) return [];
  const used = BACKENDS.filter((backend) => needs.backends.has(backend));
  const module = (name: string, options: ModuleOptions) => wantedModule(name, host, agent, options);
  return [
    module("configfs", {}),
    CONFIGFS_PIECE,
    ...[...modules].map((name) => {
      const options = MODULE_OPTIONS[name];
      return module(name, { needs: [CONFIGFS_PIECE.id], ...(options && { options }) });
    }),
    ...used.map(backendPiece),
    ...(needs.iscsi ? [ISCSI_PIECE] : []),
    ...(needs.local ? [LOOPBACK_PIECE] : []),
  ];
}

function modulesFor({ backends, iscsi, iser, local, nvme, ramDisks, maps }: BaseNeeds): Set<string> {
  const names = new Set<string>();
  const isLio = backends.size > 0 || iscsi || local;
  const add = (wanted: boolean, ...more: string[]) => {
    if (wanted) for (const name of more) names.add(name);
  };
  add(isLio, "target_core_mod", ...BACKENDS.filter((each) => backends.has(each)).map((each) => MODULE_OF[each]));
  add(iscsi, "iscsi_target_mod");
  add(iser, "ib_isert");
  add(local, "tcm_loop");
  add(ramDisks, "null_blk");
  add(nvme.size > 0, "nvmet", ...[...nvme].map((transport) => `nvmet_${transport}`));
  add(maps, "dm_mod");
  return names;
}

export function foundBase(host: Host): Found[] {
  const mounts = host.read("/proc/self/mounts") ?? "";
  return [
    ...foundModules(host, MODULES),
    ...(mounts.includes(` ${CONFIGFS} configfs `) ? [CONFIGFS_PIECE] : []),
    ...BACKENDS.filter((backend) => host.list(backendPath(backend))).map(backendPiece),
    ...(host.list(ISCSI_FABRIC) ? [ISCSI_PIECE] : []),
    ...(host.list(LOOPBACK_FABRIC) ? [LOOPBACK_PIECE] : []),
  ];
}

function backendPiece(backend: Backend): Piece {
  return folder(backendId(backend), `folder of ${backend} volumes`, backendPath(backend), MODULE_OF[backend]);
}

function folder(id: string, text: string, path: string, module: string): Piece {
  return {
    id,
    kind: "folder",
    text,
    needs: [moduleId(module)],
    facts: {},
    settings: {},
    make: [{ type: "mkdir", path }],
    remove: [{ type: "rmdir", path }],
    shared: "goes",
  };
}

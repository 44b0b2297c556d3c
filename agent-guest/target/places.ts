/** Where Linux keeps what (Documentation/target, drivers/nvme/target in the kernel's sources; names and values as Debian's 6.1 shows them). */
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { iscsiName } from "@salvo/shared/agent/domain/provision/names.ts";
import { sha256 } from "@salvo/shared/kernel/sha256.ts";

export const CONFIGFS = "/sys/kernel/config";
export const TARGET = `${CONFIGFS}/target`;
export const ISCSI_FABRIC = `${TARGET}/iscsi`;
export const LOOPBACK_FABRIC = `${TARGET}/loopback`;
export const NVMET = `${CONFIGFS}/nvmet`;
export const NULLB = `${CONFIGFS}/nullb`;

/** LIO numbers the folders of its back ends. SALV on a telephone: nobody else has come so far. */
const BACKEND_NUMBER = 7258;

/** LIO's own. */
export type Backend = "rd_mcp" | "fileio" | "iblock";
export const BACKENDS: readonly Backend[] = ["rd_mcp", "fileio", "iblock"];

/** The module that a back end comes with; RAM disks are in the core. */
export const MODULE_OF: Readonly<Record<Backend, string>> = {
  rd_mcp: "target_core_mod",
  fileio: "target_core_file",
  iblock: "target_core_iblock",
};

export function backendPath(backend: Backend): string {
  return `${TARGET}/core/${backend}_${BACKEND_NUMBER}`;
}

export function volumePrefix({ lab, agent }: Maker): string {
  return `${lab}.${agent}.`;
}

export function volumePath(maker: Maker, backend: Backend, name: string): string {
  return `${backendPath(backend)}/${volumePrefix(maker)}${name}`;
}

export function targetPath(maker: Maker, name: string): string {
  return `${ISCSI_FABRIC}/${iscsiName(maker, name)}`;
}

/** All that initiators see of a target is in its one portal group. */
export function groupPath(maker: Maker, name: string): string {
  return `${targetPath(maker, name)}/tpgt_1`;
}

/** A RAM disk for NVMe has the name of its folder, and a disk's name has 31 characters: few of them say whose it is. */
export function ramDiskPrefix({ lab, agent }: Maker): string {
  return `${sha256(JSON.stringify(["ram", lab, agent])).slice(0, 6)}.`;
}

export const RAM_DISK_NAME_MAX = 31 - 7;

/** Where LIO keeps what (Documentation/target in the kernel's sources; names and values as Debian's 6.1 shows them). */
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { iscsiName } from "@salvo/shared/agent/domain/provision/names.ts";

export const CONFIGFS = "/sys/kernel/config";
export const TARGET = `${CONFIGFS}/target`;
export const FABRIC = `${TARGET}/iscsi`;

/** LIO numbers the folders of its back ends. SALV on a telephone: nobody else has come so far. */
const BACKEND_NUMBER = 7258;

export type Backend = "rd_mcp" | "fileio";
export const BACKENDS: readonly Backend[] = ["rd_mcp", "fileio"];

/** The module that a back end comes with; RAM disks are in the core. */
export const MODULE_OF: Readonly<Record<Backend, string>> = { rd_mcp: "target_core_mod", fileio: "target_core_file" };
export const MODULES = ["configfs", "target_core_mod", "target_core_file", "iscsi_target_mod", "ib_isert"] as const;

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
  return `${FABRIC}/${iscsiName(maker, name)}`;
}

/** All that initiators see of a target is in its one portal group. */
export function groupPath(maker: Maker, name: string): string {
  return `${targetPath(maker, name)}/tpgt_1`;
}

/** What sessions stand on: modules of the kernel and open-iscsi's daemon. */
import { Transport } from "@salvo/proto/storage_pb.ts";
import type { Found, Piece } from "./piece.ts";
import { isNvme } from "@salvo/shared/agent/domain/provision/transports.ts";
import type { Host } from "../provision/host.ts";
import { foundModules, wantedModule } from "../provision/modules.ts";
import { daemonPiece, isListening } from "./daemon.ts";
import { MULTIPATH_MODULES } from "./places.ts";

const MODULE_OF: Readonly<Partial<Record<Transport, string>>> = {
  [Transport.ISCSI]: "iscsi_tcp",
  [Transport.ISER]: "ib_iser",
  [Transport.NVME_TCP]: "nvme_tcp",
  [Transport.NVME_RDMA]: "nvme_rdma",
};

/** Disks of SCSI: a host without udev does not load it by itself. */
const SCSI_DISKS = "sd_mod";
const MODULES = ["iscsi_tcp", "ib_iser", "nvme_tcp", "nvme_rdma", SCSI_DISKS, ...MULTIPATH_MODULES];

/** Those that the transport needs. */
export function modulesOf(transport: Transport): string[] {
  const own = MODULE_OF[transport];
  return [...(isNvme(transport) ? [] : [SCSI_DISKS]), ...(own === undefined ? [] : [own])];
}

export function wantedBase(
  transports: ReadonlySet<Transport>,
  policies: ReadonlySet<string>,
  host: Host,
  agent: string,
): Piece[] {
  const names = new Set([...transports].flatMap(modulesOf));
  const isIscsi = transports.has(Transport.ISCSI) || transports.has(Transport.ISER);
  if (policies.size > 0) names.add("dm_multipath");
  for (const policy of policies) names.add(policyModule(policy));
  return [...[...names].map((name) => wantedModule(name, host, agent)), ...(isIscsi ? [daemonPiece(host)] : [])];
}

/** service-time is in dm_service_time. */
export function policyModule(policy: string): string {
  return `dm_${policy.replace("-", "_")}`;
}

export function foundBase(host: Host): Found[] {
  return [...foundModules(host, MODULES), ...(isListening(host) ? [daemonPiece(host)] : [])];
}

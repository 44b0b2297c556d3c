/** Where Linux keeps what an initiator is: open-iscsi 2.1 of Debian 12, NVMe over fabrics of Linux 6.1. */
import { MultipathSchema, type Multipath } from "@salvo/proto/storage_pb.ts";
import { valueName } from "@salvo/shared/config/fields.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";

export const INITIATOR_NAME = "/etc/iscsi/initiatorname.iscsi";
export const HOST_NQN = "/etc/nvme/hostnqn";
export const HOST_ID = "/etc/nvme/hostid";
/** A folder for each target, in it a file for each portal: ADDRESS,PORT. */
export const NODES = "/etc/iscsi/nodes";
/** What is written here is connected to (drivers/nvme/host/fabrics.c). */
export const NVME_FABRICS = "/dev/nvme-fabrics";
export const MULTIPATH_MODULES = ["dm_multipath", "dm_service_time", "dm_round_robin", "dm_queue_length"] as const;

/** multipath-tools, and the guard, know a multipath map by how its uuid begins; the rest says that it is Salvo's, and how it is. */
const MAP_UUID = /^mpath-salvo-(service-time|round-robin|queue-length)-(.+)$/;

export function mapName(wwn: string): string {
  return `salvo-${wwn}`;
}

export function mapUuid(policy: string, wwn: string): string {
  return `mpath-salvo-${policy}-${wwn}`;
}

/** undefined for a map that is not Salvo's. */
export function parseMapUuid(uuid: string): { readonly policy: string; readonly wwn: string } | undefined {
  const [, policy, wwn] = MAP_UUID.exec(uuid) ?? [];
  return policy === undefined || wwn === undefined ? undefined : { policy, wwn };
}

/** The device mapper's own names. */
export function policyName(multipath: Multipath): string {
  const value = MultipathSchema.value[multipath];
  assert(value, `there is a multipath ${multipath}`);
  return valueName(value);
}

/** Every kind of piece that an ESXi host has, and how the pieces of it that are there are found. */
import { foundBindings, foundDiscoveries } from "./bindings.ts";
import { foundBootCommands } from "./boot-commands.ts";
import { foundDatastores } from "./datastores.ts";
import { foundDisks } from "./disks.ts";
import { foundMaintenance } from "./drivers.ts";
import type { Facts } from "./facts.ts";
import { foundGivenDisks } from "./given-disks.ts";
import { foundIser } from "./iser.ts";
import { foundLogins, foundStaticTargets } from "./logins.ts";
import { foundLuns } from "./luns.ts";
import type { Found } from "./piece.ts";
import { foundPortGroups } from "./port-groups.ts";
import { foundSoftware } from "./software-iscsi.ts";
import { foundSwitches, foundUplinks } from "./switches.ts";
import { foundVmkernelPorts } from "./vmkernel-ports.ts";

export const FINDERS: Readonly<Record<string, (facts: Facts) => Promise<Found[]>>> = {
  maintenance: foundMaintenance,
  switch: foundSwitches,
  uplink: foundUplinks,
  "port-group": foundPortGroups,
  "vmkernel-port": foundVmkernelPorts,
  iser: foundIser,
  "boot-commands": foundBootCommands,
  "software-iscsi": foundSoftware,
  binding: foundBindings,
  discovery: foundDiscoveries,
  "static-target": foundStaticTargets,
  login: foundLogins,
  lun: (facts) => foundLuns(facts),
  datastore: foundDatastores,
  disk: foundDisks,
  given: foundGivenDisks,
};

/** What the finders ask for, so that a look can ask for all of it at once. */
export const LISTS: readonly string[] = [
  "network vswitch standard list",
  "network vswitch standard portgroup list",
  "network ip interface list",
  "network ip interface ipv4 get",
  "rdma device list",
  "iscsi adapter list",
  "iscsi physicalnetworkportal list",
  "iscsi networkportal list",
  "iscsi adapter discovery sendtarget list",
  "iscsi adapter discovery statictarget list",
  "iscsi session list",
  "iscsi session connection list",
  "storage core path list",
  "storage core device list",
  "storage nmp device list",
  "storage vmfs extent list",
];

/** Datastores and virtual disks of a desired state, and whether Salvo may make them. */
import { type HypervisorSpec, VirtualDiskKind } from "@salvo/proto/hypervisor_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { readDatastores, wantedDatastore } from "./datastores.ts";
import { diskFile, wantedDisk } from "./disks.ts";
import type { Facts } from "./facts.ts";
import { wantedGivenDisk } from "./given-disks.ts";
import { readPaths } from "./luns.ts";
import type { Piece } from "./piece.ts";
import { wantedTuning } from "./tuning.ts";

interface Rights {
  readonly maker: Maker;
  /** How the names of targets begin whose LUNs may be written to. */
  readonly targets: readonly string[];
}

export async function wantedStorage(spec: HypervisorSpec, facts: Facts, { maker, targets }: Rights): Promise<Piece[]> {
  const { datastores, disks } = spec;
  const mayWrite = await deviceGuard(facts, targets);
  for (const { device } of datastores) mayWrite(device);
  const pieces: Piece[] = [];
  for (const datastore of datastores) pieces.push(await wantedDatastore(datastore, facts));
  for (const disk of disks) {
    checkDisk(spec, disk, facts.host);
    if (disk.kind !== VirtualDiskKind.VMDK) mayWrite(disk.device);
    pieces.push(wantedDisk(disk, maker), ...(await wantedGivenDisk(disk, diskFile(maker, disk), facts)));
  }
  await checkDatastores(spec, facts);
  for (const tuning of spec.tunings) {
    mayWrite(tuning.device);
    pieces.push(wantedTuning(tuning));
  }
  return pieces;
}

/** Throws `refused` for a device unless every path to it leads to a target of this lab: what is on another is somebody's. */
async function deviceGuard(facts: Facts, targets: readonly string[]): Promise<(device: string) => void> {
  const all = await facts.list("storage core path list");
  const known = await readPaths(facts);
  return (device) => {
    const paths = all.filter((path) => path.text("Device") === device);
    const own = known.filter((path) => path.device === device);
    const foreign = own.find(({ target }) => !targets.some((prefix) => target.startsWith(prefix)));
    const refuse = (why: string, remedy: string) =>
      new SalvoError("refused", `${device} ${why}`, { host: facts.host, remedy });
    if (paths.length === 0) throw refuse("is no device of this host", "Attach the LUN first, as an initiator");
    if (own.length < paths.length) throw refuse("is no LUN of iSCSI", "Name the device of a LUN of this lab");
    if (foreign)
      throw refuse(
        `is a LUN of ${foreign.target} [foreign-target]`,
        "Name the agent of that target under lunsOf in this agent's own file, and start the agent anew",
      );
  };
}

function checkDisk(
  { owned, datastores }: HypervisorSpec,
  { name, kind, sizeBytes, device, datastore, vm }: HypervisorSpec["disks"][number],
  host: string,
): void {
  const wrong = (why: string) => new SalvoError("invalid-input", `disk ${name} ${why}`, { host });
  const isVmdk = kind === VirtualDiskKind.VMDK;
  if (isVmdk && (sizeBytes === 0n || sizeBytes % MIB !== 0n)) throw wrong("needs sizeBytes of whole MiB");
  if (isVmdk !== (device === ""))
    throw wrong(isVmdk ? "is a file, and has no device" : "needs the device that it maps");
  const isAllowed = datastores.some((each) => each.name === datastore) || owned?.datastores.includes(datastore);
  if (!isAllowed)
    throw new SalvoError("refused", `disk ${name} is to be on datastore ${datastore}, which is somebody else's`, {
      host,
      remedy: `List ${datastore} under owned.datastores, or let Salvo make a datastore`,
    });
  if (vm !== "" && !owned?.vms.includes(vm))
    throw new SalvoError("refused", `disk ${name} is for ${vm}, which is somebody else's`, {
      host,
      remedy: `List ${vm} under owned.vms`,
    });
}

const MIB = 1024n * 1024n;

/** A datastore that is owned, and not made, must be there. */
async function checkDatastores({ disks, datastores }: HypervisorSpec, facts: Facts): Promise<void> {
  const there = new Set((await readDatastores(facts)).map(({ name }) => name));
  for (const { datastore } of disks)
    if (!there.has(datastore) && !datastores.some(({ name }) => name === datastore))
      throw new SalvoError("refused", `the host has no VMFS datastore ${datastore}`, { host: facts.host });
}

/** VMFS datastores that Salvo makes, each on one whole LUN. */
import type { Datastore } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Esxi } from "../esxi.ts";
import { readNewVolume, readPartitions, readUsableSectors } from "../read/programs.ts";
import type { Facts } from "./facts.ts";
import { lunId, readPaths } from "./luns.ts";
import { confirmed } from "./make.ts";
import type { MakeDatastore, Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

export const datastoreId = (name: string) => `datastore ${name}`;
const diskPath = (device: string) => `/vmfs/devices/disks/${device}`;

export async function wantedDatastore({ name, device }: Datastore, facts: Facts): Promise<Piece> {
  return confirmed(datastorePiece(name, device, await lunsOfDevice(facts)));
}

/** Those of VMFS on one device. */
export async function foundDatastores(facts: Facts): Promise<Found[]> {
  const luns = await lunsOfDevice(facts);
  return (await readDatastores(facts)).map(({ name, device }) => confirmed(datastorePiece(name, device, luns)));
}

/** By device: the LUN that must not go before the datastore. */
async function lunsOfDevice(facts: Facts): Promise<Map<string, string>> {
  return new Map((await readPaths(facts)).map(({ device, target, number }) => [device, lunId(target, number)]));
}

export async function readDatastores(facts: Facts): Promise<{ readonly name: string; readonly device: string }[]> {
  const extents = await facts.list("storage vmfs extent list");
  return extents.map((each) => ({ name: each.text("Volume Name"), device: each.text("Device Name") }));
}

function datastorePiece(name: string, device: string, luns: ReadonlyMap<string, string>) {
  const lun = luns.get(device);
  const unmount: Op = { type: "run", argv: ["esxcli", "storage", "filesystem", "unmount", "-l", name] };
  const wipe: Op = { type: "run", argv: ["partedUtil", "delete", diskPath(device), "1"] };
  return {
    id: datastoreId(name),
    kind: "datastore",
    text: `datastore ${name}: VMFS on ${device}`,
    needs: lun === undefined ? [] : [lun],
    facts: { device },
    make: [{ type: "make-datastore", name, device } as const],
    remove: [unmount, wipe],
  };
}

/** AA31E02A... is VMFS, as partedUtil showGuids lists it. */
const VMFS_GUID = "AA31E02A400F11DB9590000C2911D1B8";
const FIRST_SECTOR = 2048;

/** Throws `refused` for a device that has a partition table: whatever is on it is somebody's. */
export async function makeDatastore({ name, device }: MakeDatastore, esxi: Esxi): Promise<void> {
  const disk = diskPath(device);
  const { label, partitions } = readPartitions((await esxi.run(["partedUtil", "getptbl", disk])).stdout);
  const isOurs = partitions.length === 0 && label !== "msdos";
  if (!isOurs)
    throw new SalvoError(
      "refused",
      `${device} is not blank: it has a table of ${partitions.length} partitions (${label})`,
      {
        host: esxi.name,
        remedy: "Look whose it is. If nobody's, remove the partitions by hand (partedUtil delete)",
      },
    );
  if (label === "unknown") await expectZeros(disk, device, esxi);
  await esxi.run(["partedUtil", "mklabel", disk, "gpt"]);
  const { last } = readUsableSectors((await esxi.run(["partedUtil", "getUsableSectors", disk])).stdout);
  await esxi.run(["partedUtil", "setptbl", disk, "gpt", `1 ${FIRST_SECTOR} ${last} ${VMFS_GUID} 0`]);
  readNewVolume((await esxi.run(["vmkfstools", "-C", "vmfs6", "-S", name, `${disk}:1`])).stdout);
}

/** md5 of 1 MiB of zeros. */
const ZEROS_MD5 = "b6d81b360a5672d80c27430f39153e2c";

/** A disk without partitions may hold a file system or a volume of others in its first blocks. */
async function expectZeros(disk: string, device: string, esxi: Esxi): Promise<void> {
  const { stdout } = await esxi.run(["sh", "-c", 'dd if="$1" bs=1048576 count=1 2>/dev/null | md5sum', "sh", disk]);
  if (stdout.startsWith(ZEROS_MD5)) return;
  throw new SalvoError("refused", `${device} is not blank: there is something in its first MiB`, {
    host: esxi.name,
    remedy: "Look whose it is. If nobody's, overwrite its first MiB with zeros by hand",
  });
}

/** Virtual disks that Salvo makes, in a folder of its own on each datastore: VMDKs, and mappings of whole LUNs (RDM). */
import { type VirtualDisk, VirtualDiskKind } from "@salvo/proto/hypervisor_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Esxi } from "../esxi.ts";
import { expectNewDisk, readRdm } from "../read/programs.ts";
import { datastoreId } from "./datastores.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { type MakeDisk, makeDiskArgs, type Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

export const diskId = (file: string) => `disk ${file}`;

export function diskFile({ lab, agent }: Maker, { datastore, name }: Pick<VirtualDisk, "datastore" | "name">): string {
  return `/vmfs/volumes/${datastore}/salvo.${lab}.${agent}/${name}.vmdk`;
}

type Kind = "vmdk" | "rdm-physical" | "rdm-virtual";

const KINDS: Readonly<Partial<Record<VirtualDiskKind, Kind>>> = {
  [VirtualDiskKind.VMDK]: "vmdk",
  [VirtualDiskKind.RDM_PHYSICAL]: "rdm-physical",
  [VirtualDiskKind.RDM_VIRTUAL]: "rdm-virtual",
};

export function wantedDisk(disk: VirtualDisk, maker: Maker): Piece {
  const { kind, sizeBytes, device, datastore } = disk;
  const file = diskFile(maker, disk);
  const what = { kind: KINDS[kind] ?? "vmdk", bytes: String(sizeBytes), device };
  return confirmed({ ...diskPiece(file, datastore, what), make: [{ type: "make-disk", file, ...what }] });
}

/** Those in the folders of every lab and agent: what another made is shown as such. */
export async function foundDisks(facts: Facts): Promise<Found[]> {
  const listed = await facts.print("sh", "-c", LIST, "sh");
  const files = listed.split("\n").flatMap((line) => {
    const match = /^(\/vmfs\/volumes\/([^/]+)\/salvo\.[^/]+\/[^/]+\.vmdk) (\d*)$/.exec(line);
    // A volume is there twice, by its label and by its UUID.
    return match && !UUID.test(match[2] ?? "")
      ? [{ file: match[1] ?? "", datastore: match[2] ?? "", bytes: match[3] ?? "" }]
      : [];
  });
  const mapped = await mappedNames(facts);
  const pieces: Found[] = [];
  for (const { file, datastore, bytes } of files) {
    const rdm = readRdm(await facts.tryPrint("vmkfstools", "-q", file));
    const what = rdm
      ? { kind: `rdm-${rdm.kind}` as const, bytes: "0", device: mapped.get(rdm.device) ?? rdm.device }
      : { kind: "vmdk" as const, bytes: bytes || "unknown", device: "" };
    pieces.push(confirmed({ ...diskPiece(file, datastore, what), make: [] }));
  }
  return pieces;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Every descriptor in a folder of Salvo, and the size of its contents. */
const LIST = `for volume in /vmfs/volumes/*; do
  [ -d "$volume" ] || continue
  for file in "$volume"/salvo.*/*.vmdk; do
    case $file in *-flat.vmdk | *-rdm.vmdk | *-rdmp.vmdk) continue ;; esac
    [ -f "$file" ] || continue
    echo "$file $(stat -c %s "\${file%.vmdk}-flat.vmdk" 2>/dev/null)"
  done
done`;

/** A mapping names its device by another of the device's names (vml.). */
async function mappedNames(facts: Facts): Promise<Map<string, string>> {
  const devices = await facts.list("storage core device list");
  return new Map(
    devices.flatMap((each) => {
      const name = each.title || each.text("Device");
      return each.has("Other UIDs") ? each.list("Other UIDs").map((other) => [other, name] as const) : [];
    }),
  );
}

function diskPiece(
  file: string,
  datastore: string,
  { kind, bytes, device }: { readonly kind: Kind; readonly bytes: string; readonly device: string },
) {
  const remove: Op = { type: "run", argv: ["vmkfstools", "-U", file] };
  return {
    id: diskId(file),
    kind: "disk",
    text: kind === "vmdk" ? `virtual disk ${file}: ${bytes} B` : `virtual disk ${file}: ${device} as a whole (${kind})`,
    needs: [datastoreId(datastore)],
    facts: kind === "vmdk" ? { kind, bytes } : { kind, device },
    remove: [remove],
  };
}

export async function makeDisk(disk: MakeDisk, esxi: Esxi): Promise<void> {
  const { file, kind, device } = disk;
  await esxi.run(["mkdir", "-p", file.replace(/\/[^/]*$/, "")]);
  const { stdout } = await esxi.run(makeDiskArgs(disk), { deadlineMs: ZEROING_MS });
  if (kind === "vmdk") return expectNewDisk(stdout);
  if (readRdm((await esxi.run(["vmkfstools", "-q", file])).stdout)) return;
  throw new SalvoError("program-failed", `${file} is no mapping of ${device}: ${stdout.trim()}`, { host: esxi.name });
}

/** 1 TiB at 300 MiB/s. */
const ZEROING_MS = 3_600_000;

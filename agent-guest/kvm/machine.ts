/** What a virtual machine has of Salvo, as its QEMU tells (QMP of QEMU 7.2, recorded). */
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { isOurNode, parseGivenName, type GivenName } from "./names.ts";
import type { Place } from "./op.ts";
import { fieldsOf, type Qmp, withQmp } from "./qmp.ts";

export interface Machine {
  readonly place: Place;
  readonly runs: boolean;
  readonly sessions: readonly OpenSession[];
  readonly disks: readonly GivenDevice[];
}

export interface OpenSession {
  readonly node: string;
  readonly portal: string;
  readonly target: string;
  readonly lun: number;
  readonly sizeBytes: bigint;
}

export interface GivenDevice extends GivenName {
  /** Of QEMU's device. */
  readonly id: string;
  /** Of the block device that it shows. */
  readonly node: string;
}

/** A machine that does not run has nothing. Throws where QEMU is there and does not answer: then nobody knows. */
export async function lookIntoMachine(place: Place): Promise<Machine> {
  try {
    return await withQmp(place.qmp, async (qmp) => {
      const nodes = listOf(await qmp.execute("query-named-block-nodes", { flat: true }));
      const blocks = listOf(await qmp.execute("query-block"));
      return { place, runs: true, sessions: nodes.flatMap(sessionIn), disks: blocks.flatMap(deviceIn) };
    });
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return { place, runs: false, sessions: [], disks: [] };
    throw error;
  }
}

function sessionIn(node: Readonly<Record<string, unknown>>): OpenSession[] {
  const name = String(node["node-name"]);
  if (node["drv"] !== "iscsi" || !isOurNode(name)) return [];
  // json:{"lun": 1, "portal": "10.0.0.1:3260", "driver": "iscsi", "target": "iqn..."}
  const { portal, target, lun } = optionsIn(String(node["file"]));
  const size = fieldsOf(node["image"])["virtual-size"];
  return [
    {
      node: name,
      portal: String(portal),
      target: String(target),
      lun: Number(lun),
      sizeBytes: typeof size === "number" ? BigInt(size) : 0n,
    },
  ];
}

function optionsIn(file: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(file.replace(/^json:/, "")));
  } catch {
    throw new SalvoError("program-failed", `QEMU calls a LUN ${file}, which is not of the form json:{...}`);
  }
}

function deviceIn({ qdev, inserted }: Readonly<Record<string, unknown>>): GivenDevice[] {
  const id = String(qdev);
  const name = parseGivenName(id);
  return name ? [{ ...name, id, node: String(fieldsOf(inserted)["node-name"]) }] : [];
}

/** Controllers whose disks come and go while the machine runs, by what they are (`-device virtio-scsi-pci,id=scsi0`). */
const CONTROLLERS: ReadonlySet<string> = new Set(["virtio-scsi-pci", "virtio-scsi-device", "pvscsi"]);

/** Throws `refused` for a machine without such a controller: PCI slots of a q35 machine take none while it runs. */
export async function scsiBus(qmp: Qmp, { vm }: Place): Promise<string> {
  const devices = listOf(await qmp.execute("qom-list", { path: "/machine/peripheral" }));
  const isController = ({ type }: Readonly<Record<string, unknown>>) =>
    CONTROLLERS.has(/^child<(.*)>$/.exec(String(type))?.[1] ?? "");
  const found = devices.find(isController);
  if (found) return `${String(found["name"])}.0`;
  throw new SalvoError("refused", `the virtual machine ${vm} has no SCSI controller with a name`, {
    remedy: "Start its QEMU with -device virtio-scsi-pci,id=scsi0",
  });
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.map(fieldsOf);
  throw new SalvoError("program-failed", "QEMU gives no list where QMP has one");
}

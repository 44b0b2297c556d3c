/** Virtual disks in virtual machines, attached and detached while the machine runs. */
import type { VirtualDisk } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Esxi } from "../esxi.ts";
import { faultError, faultIn } from "../read/vim-cmd.ts";
import { diskId } from "./disks.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { type ChangeDisk, changeDiskArgs } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { type KnownVm, readVm, readVmList, scsiDisks } from "./vms.ts";

interface Given {
  readonly vm: string;
  readonly id: number;
  readonly file: string;
  readonly controller: number;
  readonly unit: number;
}

export async function wantedGivenDisk(disk: VirtualDisk, file: string, facts: Facts): Promise<Piece[]> {
  const { vm: name, controller, unit } = disk;
  if (name === "") return [];
  const [vm, ...others] = (await readVmList(facts)).filter((each) => each.name === name);
  if (!vm || others.length > 0)
    throw new SalvoError(
      "refused",
      `the host has ${vm ? "several virtual machines" : "no virtual machine"} of the name ${name}`,
      {
        host: facts.host,
      },
    );
  checkVm(await readVm(vm, facts), disk, facts.host);
  return [confirmed(givenPiece({ vm: name, id: vm.id, file, controller, unit }))];
}

/** Disks of others in virtual machines are no business of Salvo: those in its own folders alone. */
export async function foundGivenDisks(facts: Facts): Promise<Found[]> {
  const pieces: Found[] = [];
  for (const vm of await readVmList(facts)) {
    const known = await readVm(vm, facts);
    for (const { controller, unit, file } of scsiDisks(known))
      if (/^\/vmfs\/volumes\/[^/]+\/salvo\./.test(file))
        pieces.push(confirmed(givenPiece({ vm: vm.name, id: vm.id, file, controller, unit })));
  }
  return pieces;
}

/** Guests know a VMDK by a serial number that the host shows only when it is told to; and a controller cannot be added while a VM runs. */
function checkVm({ name, vmx }: KnownVm, { controller, unit }: VirtualDisk, host: string): void {
  const refuse = (why: string, remedy: string) => new SalvoError("refused", `${name} ${why}`, { host, remedy });
  if (vmx.get("disk.enableuuid")?.toUpperCase() !== "TRUE")
    throw refuse("does not show its disks' serial numbers", `Power it off, and set disk.EnableUUID = "TRUE"`);
  const bus = `scsi${controller}`;
  if (vmx.get(`${bus}.present`)?.toUpperCase() !== "TRUE" || vmx.get(`${bus}.virtualdev`) !== "pvscsi")
    throw refuse(
      `has no PVSCSI controller ${controller}`,
      `Power it off, and set ${bus}.present = "TRUE" and ${bus}.virtualDev = "pvscsi"`,
    );
  if (unit === 7 || unit > 15)
    throw refuse(`cannot have a disk at unit ${unit}`, "Units are 0 to 15, and 7 is the controller's own");
}

function givenPiece({ vm, id, file, controller, unit }: Given) {
  const change = (does: "add" | "remove"): ChangeDisk => ({ type: "change-disk", does, id, file, controller, unit });
  return {
    id: `given ${file}`,
    kind: "given",
    text: `${file} in ${vm}, at unit ${unit} of SCSI controller ${controller}`,
    needs: [diskId(file)],
    facts: { vm, place: `${controller}:${unit}` },
    make: [change("add")],
    remove: [change("remove")],
  };
}

/** The file is looked for afterwards: its contents are not ours to lose by a wrong word. */
export async function changeDisk(change: ChangeDisk, esxi: Esxi): Promise<void> {
  const { stdout, stderr } = await esxi.run(changeDiskArgs(change));
  const fault = faultIn(`${stdout}\n${stderr}`);
  if (fault) throw faultError(fault);
  const { exitCode } = await esxi.try(["test", "-f", change.file]);
  if (exitCode !== 0)
    throw new SalvoError("program-failed", `${change.file} is gone, which was to be kept`, { host: esxi.name });
}

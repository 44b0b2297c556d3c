/** Disks of a virtual machine, while it runs as well. Arguments as people used them on 5.5 to 8. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { CommandFailure } from "../failure.ts";
import type { HostState, Vm } from "../state/state.ts";
import { readDescriptor } from "../world/vmdk.ts";
import { attachedDisks, type Vmx } from "../world/vmx.ts";
import { vmxOf, vmxPath, writeVmx } from "./vim-files.ts";

const UNITS_MAX = 16;
const RESERVED_UNIT = 7;

/** vmdk, controller, unit [, type of the controller]. */
export function addDisk(state: HostState, vm: Vm, args: readonly string[]): string {
  const [path = "", controller, unit] = [args[0], Number(args[1]), Number(args[2])];
  if (args.length < 3 || !Number.isInteger(controller) || !Number.isInteger(unit))
    throw new CommandFailure("Insufficient arguments.", 1);
  const vmx = vmxOf(vm);
  if (!existsSync(path) || readDescriptor(readFileSync(path, "utf8")) === undefined)
    throw reconfigureFailed("vim.fault.FileNotFound", `File [] ${path} was not found`);
  const taken = attachedDisks(vmx).some((disk) => disk.controller === controller && disk.unit === unit);
  if (taken || unit >= UNITS_MAX || unit === RESERVED_UNIT)
    throw reconfigureFailed("vim.fault.InvalidDeviceSpec", "Invalid configuration for device '0'.");
  const type = args[3];
  if (vmx.get(`scsi${controller}.present`)?.toUpperCase() !== "TRUE") {
    if (type === undefined || vm.power === "on")
      throw reconfigureFailed("vim.fault.InvalidDeviceSpec", "Invalid configuration for device '0'.");
    vmx.set(`scsi${controller}.present`, "TRUE").set(`scsi${controller}.virtualDev`, type);
  }
  if (usedByAnother(state, vm, path))
    throw reconfigureFailed("vim.fault.FileLocked", `Unable to access file ${path} since it is locked`);
  vmx.set(`scsi${controller}:${unit}.present`, "TRUE");
  vmx.set(`scsi${controller}:${unit}.deviceType`, "scsi-hardDisk");
  vmx.set(`scsi${controller}:${unit}.fileName`, path);
  writeVmx(vm, vmx);
  return "";
}

/** controller, unit, whether the file goes too (`n`, `false`) [, type of the controller]. */
export function removeDisk(vm: Vm, args: readonly string[]): string {
  const [controller, unit, withFile = "n"] = [Number(args[0]), Number(args[1]), args[2]];
  if (args.length < 3) throw new CommandFailure("Insufficient arguments.", 1);
  const vmx = vmxOf(vm);
  const disk = attachedDisks(vmx).find((each) => each.controller === controller && each.unit === unit);
  if (disk === undefined)
    throw reconfigureFailed("vim.fault.InvalidDeviceSpec", "Invalid configuration for device '0'.");
  for (const key of vmx.keys()) if (key.startsWith(`scsi${controller}:${unit}.`)) vmx.delete(key);
  writeVmx(vm, vmx);
  if (/^(y|yes|true|1)$/i.test(withFile)) {
    const path = diskPath(vm, disk.fileName);
    const extent = existsSync(path) ? readDescriptor(readFileSync(path, "utf8"))?.extent : undefined;
    rmSync(path, { force: true });
    if (extent !== undefined) rmSync(join(dirname(path), extent), { force: true });
  }
  return "";
}

export function deviceList(vm: Vm): string {
  const vmx = vmxOf(vm);
  const controllers = [...vmx].flatMap(([key, value]) => {
    const found = /^scsi(\d+)\.present$/i.exec(key);
    return found !== null && value.toUpperCase() === "TRUE" ? [controllerText(vmx, Number(found[1]))] : [];
  });
  const disks = attachedDisks(vmx).map(({ controller, unit, fileName }, index) =>
    diskText(vm, controller, unit, fileName, index),
  );
  return `Devices:\n\n(vim.vm.VirtualHardware) {\n   numCPU = ${vmx.get("numvcpus") ?? 1},\n   memoryMB = ${vmx.get("memSize") ?? 1024},\n   device = (vim.vm.device.VirtualDevice) [\n${[...controllers, ...disks].join(",\n")}\n   ]\n}\n`;
}

function controllerText(vmx: Vmx, number: number): string {
  const type =
    vmx.get(`scsi${number}.virtualDev`) === "pvscsi" ? "ParaVirtualSCSIController" : "VirtualLsiLogicController";
  return `      (vim.vm.device.${type}) {\n         key = ${1000 + number},\n         busNumber = ${number}\n      }`;
}

function diskText(vm: Vm, controller: number, unit: number, fileName: string, index: number): string {
  const path = diskPath(vm, fileName);
  const disk = existsSync(path) ? readDescriptor(readFileSync(path, "utf8")) : undefined;
  const backing = disk?.device === undefined ? "FlatVer2BackingInfo" : "RawDiskMappingVer1BackingInfo";
  const shown = path.replace(/^\/vmfs\/volumes\/([^/]+)\//, "[$1] ");
  return `      (vim.vm.device.VirtualDisk) {
         key = ${2000 + controller * UNITS_MAX + unit},
         deviceInfo = (vim.Description) {
            label = "Hard disk ${index + 1}",
            summary = "${Math.floor((disk?.sizeBytes ?? 0) / 1024).toLocaleString("en-US")} KB"
         },
         backing = (vim.vm.device.VirtualDisk.${backing}) {
            fileName = "${shown}",${disk?.device === undefined ? "" : `\n            lunUuid = "${disk.device}",\n            compatibilityMode = "${disk.kind === "rdmp" ? "physicalMode" : "virtualMode"}",`}
            uuid = "6000C29${vm.vmid % 10}-1e5f-0a2b-4c11-${(vm.vmid * 0x1_0000 + controller * 0x100 + unit).toString(16).padStart(12, "0")}"
         },
         controllerKey = ${1000 + controller},
         unitNumber = ${unit},
         capacityInBytes = ${disk?.sizeBytes ?? 0}
      }`;
}

function diskPath(vm: Vm, fileName: string): string {
  return isAbsolute(fileName) ? fileName : join(dirname(vmxPath(vm)), fileName);
}

/** A virtual disk belongs to one running machine at a time; what an RDM maps may be shared. */
function usedByAnother(state: HostState, vm: Vm, path: string): boolean {
  return state.vms.some(
    (other) =>
      other !== vm &&
      other.power === "on" &&
      attachedDisks(vmxOf(other)).some(({ fileName }) => diskPath(other, fileName) === path),
  );
}

function reconfigureFailed(type: string, why: string): CommandFailure {
  return new CommandFailure(
    `Reconfigure failed: (${type}) {\n   faultCause = (vmodl.MethodFault) null,\n   faultMessage = <unset>\n   msg = "${why}"\n}`,
    1,
  );
}

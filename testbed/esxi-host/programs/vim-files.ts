/** The files of a virtual machine. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandFailure } from "../failure.ts";
import type { HostState, Vm } from "../state/state.ts";
import { readVmx, type Vmx, vmxText } from "../world/vmx.ts";

export function vmxPath({ datastore, file }: Vm): string {
  return `/vmfs/volumes/${datastore}/${file}`;
}

export function vmxOf(vm: Vm): Vmx {
  const path = vmxPath(vm);
  if (!existsSync(path)) throw new CommandFailure(`Skipping invalid VM '${vm.vmid}'`, 1);
  return readVmx(readFileSync(path, "utf8"));
}

export function writeVmx(vm: Vm, vmx: Vmx): void {
  writeFileSync(vmxPath(vm), vmxText(vmx));
}

/** Registers a .vmx file; the result is the new Vmid. */
export function register(state: HostState, path: string, name: string | undefined): number {
  const found = /^\/vmfs\/volumes\/([^/]+)\/(.+\.vmx)$/.exec(path);
  if (found === null || !existsSync(path))
    throw new CommandFailure(
      `(vim.fault.NotFound) {\n   faultCause = (vmodl.MethodFault) null,\n   msg = "The object or item referred to could not be found."\n}`,
      1,
    );
  const [, folder = "", file = ""] = found;
  // A volume has two names.
  const datastore = state.storage.contents.find(({ volume }) => volume?.uuid === folder)?.volume?.label ?? folder;
  if (state.vms.some((vm) => vm.datastore === datastore && vm.file === file))
    throw new CommandFailure(
      `(vim.fault.AlreadyExists) {\n   faultCause = (vmodl.MethodFault) null,\n   msg = "The specified key, name, or identifier '${path}' already exists."\n}`,
      1,
    );
  const vmid = state.vms.reduce((most, vm) => Math.max(most, vm.vmid), 0) + 1;
  const shown = name ?? readVmx(readFileSync(path, "utf8")).get("displayName") ?? file;
  state.vms.push({
    vmid,
    name: shown,
    datastore,
    file,
    power: "off",
    worldId: 0,
    toolsRunning: false,
    ipAddress: undefined,
    guestAddress: undefined,
  });
  return vmid;
}

export function destroy(vm: Vm): void {
  rmSync(dirname(vmxPath(vm)), { recursive: true });
}

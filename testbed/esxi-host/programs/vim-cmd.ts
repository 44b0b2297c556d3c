/** vim-cmd: virtual machines by their Vmid. Sources: captures of 5.5 to 8. Each call takes about 1 s on a real host. */
import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "../failure.ts";
import type { HostState, Vm } from "../state/state.ts";
import { addDisk, deviceList, removeDisk } from "./vim-disks.ts";
import { destroy, register, vmxOf } from "./vim-files.ts";
import type { ProgramCall } from "./call.ts";

export async function vimCmd({ args, read, change, write }: ProgramCall): Promise<void> {
  await sleep(read().settings.vimCmdMs);
  const [command = "", ...rest] = args;
  const run = COMMANDS[command];
  if (run === undefined) throw new CommandFailure(`Invalid command '${command}'.`, 1);
  write(change((state) => run(state, rest)));
}

const COMMANDS: Readonly<Record<string, (state: HostState, args: readonly string[]) => string>> = {
  "vmsvc/getallvms": (state) => allVms(state),
  "vmsvc/power.getstate": (state, args) => `Retrieved runtime info\n${POWER[vmOf(state, args[0]).power]}\n`,
  "vmsvc/power.on": (state, args) => powerOn(state, vmOf(state, args[0])),
  "vmsvc/power.off": (state, args) => powerOff(vmOf(state, args[0]), "Powering off VM:\n"),
  "vmsvc/power.shutdown": (state, args) => powerOff(vmOf(state, args[0]), ""),
  "vmsvc/power.reset": (state, args) => {
    const vm = vmOf(state, args[0]);
    if (vm.power !== "on") throw wrongPower(vm);
    return "Reset VM:\n";
  },
  "vmsvc/reload": (state, args) => {
    vmxOf(vmOf(state, args[0]));
    return "";
  },
  "vmsvc/get.guest": (state, args) => guestInfo(vmOf(state, args[0])),
  "vmsvc/get.summary": (state, args) => summary(vmOf(state, args[0])),
  "vmsvc/device.getdevices": (state, args) => deviceList(vmOf(state, args[0])),
  "vmsvc/device.diskaddexisting": (state, args) => addDisk(state, vmOf(state, args[0]), args.slice(1)),
  "vmsvc/device.diskremove": (state, args) => removeDisk(vmOf(state, args[0]), args.slice(1)),
  "vmsvc/unregister": (state, args) => {
    const vm = vmOf(state, args[0]);
    if (vm.power === "on") throw wrongPower(vm);
    state.vms = state.vms.filter((each) => each !== vm);
    return "";
  },
  "vmsvc/destroy": (state, args) => {
    const vm = vmOf(state, args[0]);
    if (vm.power === "on") throw wrongPower(vm);
    destroy(vm);
    state.vms = state.vms.filter((each) => each !== vm);
    return "";
  },
  "solo/registervm": (state, args) => `${register(state, args[0] ?? "", args[1])}\n`,
  "hostsvc/maintenance_mode_enter": (state) => {
    if (state.vms.some(({ power }) => power === "on"))
      throw new CommandFailure(
        '(vim.fault.Timedout) {\n   faultCause = (vmodl.MethodFault) null,\n   msg = "Operation timed out."\n}',
      );
    state.maintenanceMode = true;
    return "'vim.Task:haTask-ha-host-vim.HostSystem.enterMaintenanceMode-101'\n";
  },
  "hostsvc/maintenance_mode_exit": (state) => {
    state.maintenanceMode = false;
    return "'vim.Task:haTask-ha-host-vim.HostSystem.exitMaintenanceMode-102'\n";
  },
  "internalsvc/refresh_network": () => "",
};

const POWER = { on: "Powered on", off: "Powered off", suspended: "Suspended" } as const;

function vmOf(state: HostState, vmid: string | undefined): Vm {
  if (vmid === undefined) throw new CommandFailure("Insufficient arguments.\nUsage: vmid\n", 1);
  const found = state.vms.find((vm) => String(vm.vmid) === vmid);
  if (found !== undefined) return found;
  throw new CommandFailure(
    `(vim.fault.NotFound) {\n   faultCause = (vmodl.MethodFault) null,\n   faultMessage = <unset>\n   msg = "Unable to find a VM corresponding to "${vmid}""\n}`,
    1,
  );
}

function wrongPower({ power }: Vm): CommandFailure {
  return new CommandFailure(
    `(vim.fault.InvalidPowerState) {\n   faultCause = (vmodl.MethodFault) null,\n   faultMessage = <unset>,\n   requestedState = <unset>,\n   existingState = "powered${power === "on" ? "On" : "Off"}"\n   msg = "The attempted operation cannot be performed in the current state (Powered ${power})."\n}`,
    1,
  );
}

function powerOn(state: HostState, vm: Vm): string {
  if (vm.power === "on") throw wrongPower(vm);
  if (state.maintenanceMode) throw new CommandFailure("Powering on VM:\nPower on failed", 1);
  vmxOf(vm);
  state.counter += 1;
  vm.power = "on";
  vm.worldId = 2_100_000 + state.counter * 11;
  vm.toolsRunning = vm.guestAddress !== undefined;
  vm.ipAddress = vm.guestAddress;
  return "Powering on VM:\n";
}

function powerOff(vm: Vm, told: string): string {
  if (vm.power !== "on") throw wrongPower(vm);
  vm.power = "off";
  vm.toolsRunning = false;
  vm.ipAddress = undefined;
  return told;
}

/** The headings stand in the middle of their columns. */
function allVms(state: HostState): string {
  const head = ["Vmid", "Name", "File", "Guest OS", "Version", "Annotation"];
  const rows = state.vms.map((vm) => {
    const vmx = vmxOf(vm);
    const hardware = `vmx-${(vmx.get("virtualHW.version") ?? "").padStart(2, "0")}`;
    const annotation = (vmx.get("annotation") ?? "").replaceAll("|0A", "\n");
    return [
      String(vm.vmid),
      vm.name,
      `[${vm.datastore}] ${vm.file}`,
      `${vmx.get("guestOS") ?? ""}Guest`,
      hardware,
      annotation,
    ];
  });
  const widths = head.map((name, index) =>
    rows.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), name.length),
  );
  const middle = (text: string, width: number) =>
    `${" ".repeat(Math.floor((width - text.length) / 2))}${text}`.padEnd(width);
  const heading = head.map((name, index) => middle(name, widths[index] ?? 0)).join("   ");
  return [
    rows.length === 0 ? head.join("   ") : heading.trimEnd(),
    ...rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("   ")),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function guestInfo(vm: Vm): string {
  const running = vm.power === "on" && vm.toolsRunning;
  return `Guest information:

(vim.vm.GuestInfo) {
   toolsStatus = "${running ? "toolsOk" : "toolsNotInstalled"}",
   toolsVersionStatus = "${running ? "guestToolsUnmanaged" : "guestToolsNotInstalled"}",
   toolsRunningStatus = "${running ? "guestToolsRunning" : "guestToolsNotRunning"}",
   guestId = <unset>,
   hostName = ${running ? `"${vm.name}"` : "<unset>"},
   ipAddress = ${vm.ipAddress === undefined ? "<unset>" : `"${vm.ipAddress}"`},
   guestState = "${vm.power === "on" ? "running" : "notRunning"}"
}
`;
}

function summary(vm: Vm): string {
  return `Listsummary:

(vim.vm.Summary) {
   vm = 'vim.VirtualMachine:${vm.vmid}',
   runtime = (vim.vm.RuntimeInfo) {
      powerState = "powered${vm.power === "on" ? "On" : "Off"}",
   },
   config = (vim.vm.Summary.ConfigSummary) {
      name = "${vm.name}",
      vmPathName = "[${vm.datastore}] ${vm.file}",
   },
   quickStats = (vim.vm.Summary.QuickStats) {
      uptimeSeconds = ${vm.power === "on" ? 60 : "<unset>"},
   },
}
`;
}

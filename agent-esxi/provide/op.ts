/** What is done to an ESXi host. */
import { shownCommand } from "../esxi.ts";
import type { AdapterRef } from "./adapters.ts";
import { LOCAL_SH } from "./local-sh.ts";

export type Op =
  | { readonly type: "run"; readonly argv: readonly string[] }
  /** A command of esxcli for an adapter, whose name is looked up. */
  | { readonly type: "on-adapter"; readonly adapter: AdapterRef; readonly args: readonly string[] }
  | SetBootCommands
  | LogIn
  | AwaitLun
  | ConfirmDevice
  | MakeDatastore
  | MakeDisk
  | ChangeDisk
  | Reach
  /** Refused while virtual machines run. */
  | { readonly type: "enter-maintenance" }
  | InstallBundle
  /** Starts the host anew, and waits until it answers. */
  | { readonly type: "reboot" }
  | ConfirmVibs
  /** Reads back a piece that was made or changed: the host may take a command, and not do it. */
  | Confirm
  | { readonly type: "confirm-gone"; readonly kind: string; readonly id: string };

/** Without lines the block goes. */
export interface SetBootCommands {
  readonly type: "set-boot-commands";
  readonly name: string;
  readonly lines: readonly string[];
}

export interface LogIn {
  readonly type: "log-in";
  readonly adapter: AdapterRef;
  readonly target: string;
  /** In all. */
  readonly sessions: number;
}

export interface AwaitLun {
  readonly type: "await-lun";
  readonly target: string;
  readonly number: number;
  readonly device: string;
  /** 0: whatever it has. */
  readonly sizeBytes: bigint;
  readonly paths: number;
}

export interface ConfirmDevice {
  readonly type: "confirm-device";
  readonly device: string;
  readonly setting: "policy" | "queueDepth" | "outstanding" | "queueFullSampleSize" | "queueFullThreshold";
  readonly value: string;
}

/** Sends packets of the whole MTU, which may not be cut. */
export interface Reach {
  readonly type: "reach";
  readonly port: string;
  readonly address: string;
  readonly mtu: number;
}

export interface MakeDatastore {
  readonly type: "make-datastore";
  readonly name: string;
  readonly device: string;
}

export interface MakeDisk {
  readonly type: "make-disk";
  readonly file: string;
  readonly kind: "vmdk" | "rdm-physical" | "rdm-virtual";
  /** Of a VMDK. */
  readonly bytes: string;
  /** Of a whole LUN. */
  readonly device: string;
}

/** Attaches a disk to a virtual machine, or detaches it and keeps its file. */
export interface ChangeDisk {
  readonly type: "change-disk";
  readonly does: "add" | "remove";
  /** Of vim-cmd. */
  readonly id: number;
  readonly file: string;
  readonly controller: number;
  readonly unit: number;
}

/** Uploads a bundle and installs it. */
export interface InstallBundle {
  readonly type: "install-bundle";
  /** Its name in the agent's folder. */
  readonly bundle: string;
  readonly sha256: string;
  /** "nmlx5-rdma 4.16.13.5-1OEM.650.0.0.4598673" */
  readonly vibs: readonly string[];
}

/** What the host then runs with. */
export interface ConfirmVibs {
  readonly type: "confirm-vibs";
  readonly vibs: readonly string[];
}

export interface Confirm {
  readonly type: "confirm";
  readonly kind: string;
  readonly id: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

export function run(...argv: readonly string[]): Op {
  return { type: "run", argv };
}

export function esxcli(...args: readonly string[]): Op {
  return run("esxcli", ...args);
}

export function describe(op: Op): string {
  switch (op.type) {
    case "run":
      return shownCommand(op.argv);
    case "on-adapter":
      return `${shownCommand(["esxcli", ...op.args])} -A ... # the adapter of ${op.adapter}`;
    case "set-boot-commands":
      if (op.lines.length === 0) return `# remove the block "${op.name}" from ${LOCAL_SH}, and type: auto-backup.sh`;
      return `# in ${LOCAL_SH}, before exit 0: ${op.lines.join("; ")}; and type: auto-backup.sh`;
    case "log-in":
      return `esxcli storage core adapter rescan -A ...; esxcli iscsi session add -A ... -n ${op.target} # the adapter of ${op.adapter}, until there are ${op.sessions} sessions`;
    case "await-lun":
      return `# rescan, and wait for ${op.paths} paths to LUN ${op.number} of ${op.target}: ${op.device}, and for nothing else`;
    case "confirm-device":
      return `# read back ${op.setting} ${op.value} of ${op.device}`;
    case "make-datastore":
      return `# partedUtil: refuse ${op.device} unless it is blank, and make one partition; vmkfstools -C vmfs6 -S ${op.name} /vmfs/devices/disks/${op.device}:1`;
    case "reach":
      return shownCommand(reachArgs(op));
    case "make-disk":
    case "change-disk":
      return describeDisk(op);
    case "enter-maintenance":
    case "install-bundle":
    case "reboot":
    case "confirm-vibs":
      return describeDrivers(op);
    case "confirm":
      return `# read back ${op.id}`;
    case "confirm-gone":
      return `# read back that ${op.id} is gone`;
  }
}

function describeDrivers(op: InstallBundle | ConfirmVibs | { readonly type: "enter-maintenance" | "reboot" }): string {
  switch (op.type) {
    case "enter-maintenance":
      return "esxcli system maintenanceMode set -e true # refused while a virtual machine runs";
    case "install-bundle": {
      const option = op.bundle.endsWith(".vib") ? "-v" : "-d";
      return `esxcli software vib install ${option} /tmp/... # ${op.bundle}, uploaded and of SHA-256 ${op.sha256}`;
    }
    case "reboot":
      return `esxcli system shutdown reboot -r 'salvo: drivers' # THE HOST IS STARTED ANEW; wait for it`;
    case "confirm-vibs":
      return `# read back ${op.vibs.join(", ")}`;
  }
}

function describeDisk(op: MakeDisk | ChangeDisk): string {
  if (op.type === "make-disk") return shownCommand(makeDiskArgs(op));
  return `${shownCommand(changeDiskArgs(op))} # and look that ${op.file} is still there`;
}

/** The heads of IP and ICMP have 28 bytes. */
export function reachArgs({ port, address, mtu }: Reach): string[] {
  return ["vmkping", "-d", "-s", String(mtu - 28), "-I", port, address];
}

/** Eager zeroed: a disk that is zeroed when it is first written to would measure that. */
export function makeDiskArgs({ file, kind, bytes, device }: MakeDisk): string[] {
  if (kind === "vmdk")
    return ["vmkfstools", "-c", `${Math.floor(Number(bytes) / 1024)}k`, "-d", "eagerzeroedthick", file];
  return ["vmkfstools", kind === "rdm-physical" ? "-z" : "-r", `/vmfs/devices/disks/${device}`, file];
}

/** "n" keeps the file. */
export function changeDiskArgs({ does, id, file, controller, unit }: ChangeDisk): string[] {
  const place = [String(controller), String(unit)];
  if (does === "add") return ["vim-cmd", "vmsvc/device.diskaddexisting", String(id), file, ...place];
  return ["vim-cmd", "vmsvc/device.diskremove", String(id), ...place, "n"];
}

/** All that the stand-in knows, as it stands in its one state file. What a reboot makes of it: reboot.ts. */
import type { Version, Vib } from "../versions.ts";

export interface HostState {
  readonly version: Version;
  readonly settings: Settings;
  readonly hardware: Hardware;
  /** What exists beside the host: targets, and other hosts that answer a ping. */
  readonly outside: Outside;
  hostName: string;
  boots: number;
  bootedMs: number;
  power: "on" | "rebooting" | "off";
  maintenanceMode: boolean;
  vibs: Vib[];
  /** Installed or removed, but only in force after a reboot. */
  pendingVibs?: Vib[];
  network: Network;
  iscsi: Iscsi;
  storage: Storage;
  modules: Module[];
  advanced: Advanced[];
  kernel: Record<string, string>;
  vms: Vm[];
  faults: Fault[];
  /** Makes the next name, number or identity unique. */
  counter: number;
}

/** What a test may choose about the stand-in, where real hosts differ or nobody knows. */
export interface Settings {
  readonly iserBy: "command" | "module";
  readonly secureBoot: boolean;
  /** vim-cmd takes about 1 s on a real host. */
  readonly vimCmdMs: number;
  /** esxcli has no other formatter. */
  readonly textOnly: boolean;
  readonly esxtopDelayMs: number | undefined;
  readonly rebootMs: number;
  /** The number of sessions to a portal that each bound vmkernel port gets. */
  readonly sessionsPerPortal: number;
}

export interface Hardware {
  readonly packages: number;
  readonly cores: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly numaNodes: number;
}

export interface Outside {
  targets: Target[];
  neighbours: Neighbour[];
}

export interface Target {
  readonly iqn: string;
  /** address:port. */
  readonly portals: readonly string[];
  readonly iser: boolean;
  readonly tpgt: number;
  luns: Lun[];
}

export interface Lun {
  readonly lun: number;
  /** naa.X, eui.X, t10.X or uuid.X. */
  readonly id: string;
  readonly vendor: string;
  readonly model: string;
  readonly revision: string;
  readonly sizeBytes: number;
}

export interface Neighbour {
  readonly address: string;
  readonly mtu: number;
  readonly vlan: number;
}

export interface Nic {
  readonly name: string;
  readonly pciDevice: string;
  readonly driver: string;
  adminUp: boolean;
  readonly linkUp: boolean;
  readonly speedMbps: number;
  readonly mac: string;
  mtu: number;
  readonly description: string;
  /** The RDMA device of this adapter, while a driver for it is installed. */
  readonly rdmaDevice?: string;
  readonly rdmaDriver?: string;
}

export interface PortGroup {
  readonly name: string;
  vlan: number;
}

export interface VSwitch {
  readonly name: string;
  readonly configuredPorts: number;
  mtu: number;
  cdpStatus: string;
  uplinks: string[];
  portGroups: PortGroup[];
}

export interface Vmk {
  readonly name: string;
  readonly mac: string;
  readonly portGroup: string;
  readonly netstack: string;
  readonly portId: number;
  mtu: number;
  enabled: boolean;
  ipv4: { type: "none" | "static" | "dhcp"; address: string; netmask: string; gateway: string };
  tags: string[];
}

export interface Network {
  nics: Nic[];
  vSwitches: VSwitch[];
  vmks: Vmk[];
}

export interface IscsiAdapter {
  readonly name: string;
  readonly driver: "iscsi_vmk" | "iser";
  readonly uid: string;
  readonly description: string;
  iqn: string;
  alias: string;
  /** iSER only: the RDMA device, and the physical adapter that it is paired with. */
  readonly rdmaDevice?: string;
  readonly uplink?: string;
}

/** What the host keeps for an adapter by its name, whether the adapter is there or not. */
export interface AdapterConfig {
  readonly adapter: string;
  /** Bound vmkernel ports. */
  ports: string[];
  /** address:port. */
  sendTargets: string[];
  staticTargets: { address: string; iqn: string }[];
  params: Record<string, string>;
}

export interface Session {
  readonly adapter: string;
  readonly target: string;
  readonly isid: string;
  readonly tsih: number;
  readonly channel: number;
  readonly targetNumber: number;
  readonly vmk: string;
  readonly portal: string;
  readonly madeMs: number;
}

export interface Iscsi {
  softwareEnabled: boolean;
  adapters: IscsiAdapter[];
  configs: AdapterConfig[];
  sessions: Session[];
  /** Sessions that a person removed come back by `session add`, not by a rescan. */
  removed: string[];
}

export interface DeviceConfig {
  readonly id: string;
  state: "on" | "off";
  displayName: string | undefined;
  competing: number;
  maxQueueDepth: number | undefined;
  queueFullSampleSize: number;
  queueFullThreshold: number;
  perenniallyReserved: boolean;
  psp: string;
  rr: { type: "default" | "iops" | "bytes"; iops: number; bytes: number };
}

/** What is written on a disk: it stays with the disk, wherever the host is. */
export interface DiskContent {
  readonly id: string;
  label: "unknown" | "gpt" | "msdos";
  partitions: { number: number; start: number; end: number; type: string }[];
  volume: Volume | undefined;
}

export interface Volume {
  readonly uuid: string;
  readonly label: string;
  readonly type: "VMFS-5" | "VMFS-6" | "VMFSOS";
  readonly partition: number;
  mounted: boolean;
}

export interface LocalDisk {
  readonly id: string;
  readonly adapter: string;
  readonly sizeBytes: number;
  readonly model: string;
}

export interface Storage {
  readonly localDisks: LocalDisk[];
  /** Devices that the last rescan found. */
  seen: string[];
  configs: DeviceConfig[];
  contents: DiskContent[];
}

export interface Module {
  readonly name: string;
  loaded: boolean;
  enabled: boolean;
  options: string;
  /** The options that the module was loaded with. */
  loadedOptions: string;
}

export interface Advanced {
  readonly path: string;
  readonly type: "integer" | "string";
  value: number | string;
  readonly defaultValue: number | string;
  readonly min: number;
  readonly max: number;
  readonly description: string;
}

export interface Vm {
  readonly vmid: number;
  readonly name: string;
  /** [datastore] folder/name.vmx. */
  readonly datastore: string;
  readonly file: string;
  power: "on" | "off" | "suspended";
  worldId: number;
  toolsRunning: boolean;
  ipAddress: string | undefined;
  /** The address that its guest reports while it runs; a guest without one has no tools. */
  readonly guestAddress: string | undefined;
}

export interface Fault {
  /** The beginning of the command line, as `esxcli network vswitch standard add`. */
  readonly command: string;
  /** How many calls it meets; all when absent. */
  times?: number;
  readonly delayMs?: number;
  /** The command never ends. */
  readonly hangs?: boolean;
  /** The command prints this and does nothing. */
  readonly text?: string;
  readonly exitCode?: number;
  /** The command works, but its output ends after so many bytes. */
  readonly outputBytesMax?: number;
}

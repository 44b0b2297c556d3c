/** A host as the article has it after the installation: a Dell R720 with a ConnectX-4 of two ports, and nothing set up. */
import { FACTS, type Version } from "../versions.ts";
import { advancedOptions, modulesFor } from "./defaults.ts";
import type { HostState, Neighbour, Nic, Settings, Target } from "./state.ts";

export interface HostOptions {
  readonly version?: Version;
  readonly hostName?: string;
  readonly settings?: Partial<Settings>;
  readonly targets?: readonly Target[];
  readonly neighbours?: readonly Neighbour[];
  /** Registered and switched off, each in a folder of its name on the local datastore. */
  readonly vms?: readonly VmOption[];
}

export interface VmOption {
  readonly name: string;
  readonly annotation?: string;
  /** The address that its guest reports while it runs. */
  readonly guestAddress?: string;
}

export const LOCAL_DISK = "naa.6b083fe0c7c4a3002b1a5f1e0a0a0001";
export const LOCAL_VOLUME = "datastore1";
export const LOCAL_UUID = "6824ca0f-f9173a53-55ca-90b11c3cc561";

export function initialState({ version = "8.0", hostName = "esxi1", ...options }: HostOptions): HostState {
  const facts = FACTS[version];
  return {
    version,
    settings: {
      iserBy: facts.iserBy,
      secureBoot: false,
      vimCmdMs: 0,
      textOnly: false,
      esxtopDelayMs: undefined,
      rebootMs: 0,
      sessionsPerPortal: 1,
      ...options.settings,
    },
    hardware: { packages: 2, cores: 16, threads: 32, memoryBytes: 137_438_953_472, numaNodes: 2 },
    outside: { targets: [...(options.targets ?? [])], neighbours: [...(options.neighbours ?? [])] },
    hostName,
    boots: 0,
    bootedMs: 0,
    power: "on",
    maintenanceMode: false,
    vibs: [...facts.inBox],
    network: {
      nics: nics(),
      vSwitches: [
        {
          name: "vSwitch0",
          configuredPorts: 128,
          mtu: 1500,
          cdpStatus: "listen",
          uplinks: ["vmnic0"],
          portGroups: [
            { name: "VM Network", vlan: 0 },
            { name: "Management Network", vlan: 0 },
          ],
        },
      ],
      vmks: [
        {
          name: "vmk0",
          mac: "90:b1:1c:3c:c5:61",
          portGroup: "Management Network",
          netstack: "defaultTcpipStack",
          portId: 33_554_443,
          mtu: 1500,
          enabled: true,
          ipv4: { type: "static", address: "192.168.10.21", netmask: "255.255.255.0", gateway: "192.168.10.1" },
          tags: ["Management"],
        },
      ],
    },
    iscsi: { softwareEnabled: false, adapters: [], configs: [], sessions: [], removed: [] },
    storage: {
      localDisks: [{ id: LOCAL_DISK, adapter: "vmhba2", sizeBytes: 299_439_751_168, model: "PERC H710" }],
      seen: [],
      configs: [],
      contents: [
        {
          id: LOCAL_DISK,
          label: "gpt",
          partitions: [{ number: 8, start: 268_437_504, end: 584_843_230, type: "AA31E02A400F11DB9590000C2911D1B8" }],
          volume: {
            uuid: LOCAL_UUID,
            label: LOCAL_VOLUME,
            type: version === "6.5" ? "VMFS-5" : "VMFS-6",
            partition: 8,
            mounted: true,
          },
        },
      ],
    },
    modules: modulesFor(facts.inBox),
    advanced: advancedOptions(version),
    kernel: facts.schedulerOption ? { isPerFileSchedModelActive: "TRUE" } : {},
    vms: (options.vms ?? []).map(({ name, guestAddress }, index) => ({
      vmid: index + 1,
      name,
      datastore: LOCAL_VOLUME,
      file: `${name}/${name}.vmx`,
      power: "off",
      worldId: 0,
      toolsRunning: false,
      ipAddress: undefined,
      guestAddress,
    })),
    faults: [],
    counter: 0,
  };
}

function nics(): Nic[] {
  const onBoard = (index: number): Nic => ({
    name: `vmnic${index}`,
    pciDevice: `0000:01:00.${index}`,
    driver: "ntg3",
    adminUp: true,
    linkUp: index === 0,
    speedMbps: index === 0 ? 1000 : 0,
    mac: `90:b1:1c:3c:c5:6${index + 1}`,
    mtu: 1500,
    description: "Broadcom Corporation NetXtreme BCM5720 Gigabit Ethernet",
  });
  const mellanox = (index: number): Nic => ({
    name: `vmnic${index + 2}`,
    pciDevice: `0000:04:00.${index}`,
    driver: "nmlx5_core",
    adminUp: true,
    linkUp: true,
    speedMbps: 100_000,
    mac: `24:8a:07:5c:12:0${index + 4}`,
    mtu: 1500,
    description: "Mellanox Technologies MT27700 Family [ConnectX-4]",
    rdmaDevice: `vmrdma${index}`,
    rdmaDriver: "nmlx5_rdma",
  });
  return [onBoard(0), onBoard(1), mellanox(0), mellanox(1)];
}

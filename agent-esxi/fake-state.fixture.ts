/** What the fake host of these tests knows. */
export interface FakeState {
  /** The formatters that its esxcli has. */
  formats: string[];
  bootedAt: number;
  /** Commands that it does not have: "rdma iser add". */
  missing: string[];
  /** By command: it says that it did it, and did not; or it fails with this text. */
  faults: Record<string, "ignored" | { readonly says: string }>;
  switches: Record<string, { mtu: number; uplinks: string[] }>;
  portGroups: Record<string, { switch: string; vlan: number }>;
  /** RDMA devices by name, with their uplinks. */
  rdma: Record<string, string>;
  /** The greatest packets that the network takes. */
  networkMtu: number;
  /** Adapters of iSCSI by name. device: of iSER. */
  adapters: Record<
    string,
    {
      driver: "iser" | "iscsi_vmk";
      device?: string;
      bound: string[];
      sendtargets: string[];
      statics?: { target: string; portal: string }[];
    }
  >;
  /** What targets export: LUNs by target. */
  targets: Record<string, { number: number; device: string; sizeMib: number }[]>;
  sessions: { adapter: string; target: string; isid: string; state: string }[];
  /** What was set of devices. */
  devices: Record<string, { psp: string; iops: number; depth: number; outstanding: number; sample: number }>;
  /** VMFS datastores, with their devices. */
  datastores: Record<string, string>;
  /** Partition tables by device: unknown where there is none. */
  tables: Record<string, string>;
  /** No driver offers more. */
  depthMax: number;
  ports: Record<string, { portGroup: string; mtu: number; address: string; netmask: string }>;
}

/** What a program of the fake host did. */
export interface Answered {
  readonly text: string;
  readonly code?: number;
  /** It changed something. */
  readonly changed?: true;
}

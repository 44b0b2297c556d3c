/** Port binding: `iscsi networkportal` and its two relatives. Source: a capture of 5.1, format unchanged later. */
import { CommandFailure } from "../failure.ts";
import { type Block, nothing, table } from "../format/output.ts";
import type { HostState, IscsiAdapter, Nic, Vmk } from "../state/state.ts";
import { adapterNamed } from "../world/adapters.ts";
import { configOf, logout, uplinksOf } from "../world/fabric.ts";
import { type Command, requiredStr, str } from "./command.ts";
import { ADAPTER } from "./iscsi-options.ts";
import { vmkNamed } from "./network.ts";

const OPTIONAL_ADAPTER = str("adapter", "A", "The iscsi adapter name. (vmhbaX)");
const VMK = requiredStr("nic", "n", "The bound vmknic. (vmkX)");
const FORCE = {
  name: "force",
  short: "f",
  type: "bool",
  help: "Force the operation even if sessions use the port.",
} as const;

export const portalCommands: readonly Command[] = [
  {
    path: "iscsi networkportal add",
    help: "Bind the network portal to the adapter.",
    options: [ADAPTER, VMK, FORCE],
    run: ({ state, options }) => {
      const adapter = adapterNamed(state, options.text("adapter"));
      const vmk = vmkNamed(state, options.text("nic"));
      const config = configOf(state, adapter.name);
      if (config.ports.includes(vmk.name)) throw new CommandFailure(`${vmk.name} is already bound to ${adapter.name}`);
      const uplinks = uplinksOf(state, vmk);
      // One vmkernel port, one physical adapter; for iSER the one of the RDMA device.
      if (uplinks.length !== 1 || (adapter.uplink !== undefined && uplinks[0] !== adapter.uplink))
        throw new CommandFailure(
          `The virtual network adapter ${vmk.name} is not compliant with the iSCSI adapter ${adapter.name}`,
        );
      config.ports.push(vmk.name);
      return nothing;
    },
  },
  {
    path: "iscsi networkportal remove",
    help: "Remove the network portal from the adapter.",
    options: [ADAPTER, VMK, FORCE],
    run: ({ state, options }) => {
      const [adapter, vmk] = [adapterNamed(state, options.text("adapter")), options.text("nic")];
      const config = configOf(state, adapter.name);
      if (!config.ports.includes(vmk)) throw new CommandFailure(`${vmk} is not bound to ${adapter.name}`);
      const isInUse = state.iscsi.sessions.some((session) => session.adapter === adapter.name && session.vmk === vmk);
      if (isInUse && options.bool("force") !== true)
        throw new CommandFailure(`Unable to remove ${vmk} from ${adapter.name}: there are active sessions`);
      logout(state, (session) => session.adapter === adapter.name && session.vmk === vmk);
      config.ports = config.ports.filter((port) => port !== vmk);
      return nothing;
    },
  },
  {
    path: "iscsi networkportal list",
    help: "List all bound network portals.",
    options: [OPTIONAL_ADAPTER],
    run: ({ state, options }) => ({
      kind: "blocks",
      type: "NetworkPortal",
      blocks: bound(state, options.optional("adapter")).map(({ adapter, vmk, nic }) =>
        portalBlock(state, adapter, vmk, nic),
      ),
    }),
  },
  {
    path: "iscsi logicalnetworkportal list",
    help: "List all the logical network portals for the adapter.",
    options: [OPTIONAL_ADAPTER],
    run: ({ state, options }) =>
      table(
        "LogicalNetworkPortal",
        ["Adapter", "Vmknic", "MAC Address", "MAC Address Valid", "Compliant"],
        adaptersShown(state, options.optional("adapter")).flatMap((adapter) =>
          state.network.vmks
            .filter((vmk) =>
              uplinksOf(state, vmk).some((uplink) => usableNics(state, adapter).some((nic) => nic.name === uplink)),
            )
            .map((vmk) => [adapter.name, vmk.name, vmk.mac, true, uplinksOf(state, vmk).length === 1]),
        ),
      ),
  },
  {
    path: "iscsi physicalnetworkportal list",
    help: "List all the physical network portals for the adapter.",
    options: [OPTIONAL_ADAPTER],
    run: ({ state, options }) =>
      table(
        "PhysicalNetworkPortal",
        ["Adapter", "Vmnic", "MAC Address", "MAC Address Valid", "Current Speed", "Max Speed", "Max Frame Size"],
        adaptersShown(state, options.optional("adapter")).flatMap((adapter) =>
          usableNics(state, adapter).map((nic) => [
            adapter.name,
            nic.name,
            nic.mac,
            true,
            nic.speedMbps,
            nic.speedMbps,
            nic.mtu,
          ]),
        ),
      ),
  },
];

function adaptersShown(state: HostState, wanted: string | undefined): IscsiAdapter[] {
  return wanted === undefined ? state.iscsi.adapters : [adapterNamed(state, wanted)];
}

/**
 * Uplinks that an adapter can use, bound or not: a capture of 5.1 lists all of the host's for software iSCSI. For iSER the list of
 * its own uplink is inferred: VMware says so of dependent adapters, and that iSER may be bound to no other.
 */
function usableNics(state: HostState, { uplink }: IscsiAdapter): Nic[] {
  return state.network.nics.filter(({ name }) => uplink === undefined || name === uplink);
}

function bound(state: HostState, wanted: string | undefined): { adapter: string; vmk: Vmk; nic: Nic | undefined }[] {
  return adaptersShown(state, wanted).flatMap(({ name }) =>
    configOf(state, name).ports.flatMap((port) => {
      const vmk = state.network.vmks.find((each) => each.name === port);
      if (vmk === undefined) return [];
      const [uplink] = uplinksOf(state, vmk);
      return [{ adapter: name, vmk, nic: state.network.nics.find((nic) => nic.name === uplink) }];
    }),
  );
}

function portalBlock(state: HostState, adapter: string, vmk: Vmk, nic: Nic | undefined): Block {
  const vSwitch = state.network.vSwitches.find(({ portGroups }) =>
    portGroups.some(({ name }) => name === vmk.portGroup),
  );
  const used = state.iscsi.sessions.some((session) => session.adapter === adapter && session.vmk === vmk.name);
  return {
    heading: adapter,
    fields: [
      ["Adapter", adapter],
      ["Vmknic", vmk.name],
      ["MAC Address", vmk.mac],
      ["MAC Address Valid", true],
      ["IPv4", vmk.ipv4.address],
      ["IPv4 Subnet Mask", vmk.ipv4.netmask],
      ["IPv6", ""],
      ["MTU", vmk.mtu],
      ["Vlan Supported", true],
      ["Vlan ID", vSwitch?.portGroups.find(({ name }) => name === vmk.portGroup)?.vlan ?? 0],
      ["Reserved Ports", "63488~65536"],
      ["TOE", false],
      ["TSO", true],
      ["TCP Checksum", false],
      ["Link Up", nic !== undefined && nic.adminUp && nic.linkUp],
      ["Current Speed", nic?.speedMbps ?? 0],
      ["Rx Packets", used ? 25_089_756 : 0],
      ["Tx Packets", used ? 8_315_855 : 0],
      ["NIC Driver", nic?.driver ?? ""],
      ["NIC Driver Version", "4.23.6.2"],
      ["NIC Firmware Version", "12.28.2006"],
      ["Compliant Status", "compliant"],
      ["NonCompliant Message", ""],
      ["NonCompliant Remedy", ""],
      ["Vswitch", vSwitch?.name ?? ""],
      ["PortGroup", vmk.portGroup],
      ["VswitchUuid", ""],
      ["PortGroupKey", ""],
      ["PortKey", ""],
      ["Duplex", ""],
      ["Path Status", used ? "active" : "not used"],
    ],
  };
}

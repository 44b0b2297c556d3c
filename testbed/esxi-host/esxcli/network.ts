/** The namespace `network`: adapters and vmkernel ports; the switches are in vswitch.ts. */
import { CommandFailure } from "../failure.ts";
import { type Block, nothing, table } from "../format/output.ts";
import type { HostState, Vmk } from "../state/state.ts";
import type { VersionFacts } from "../versions.ts";
import { type Command, requiredStr, str } from "./command.ts";
import { vSwitchCommands } from "./vswitch.ts";

const BY_INTERFACE = requiredStr("interface-name", "i", "The name of the VMkernel network interface. (vmkNNN)");
const NETSTACK = "defaultTcpipStack";

export const networkCommands: readonly Command[] = [
  ...vSwitchCommands,
  {
    path: "network nic list",
    help: "This command will list the Physical NICs currently installed and loaded on the system.",
    options: [],
    run: ({ state }) =>
      table(
        "Nic",
        [
          "Name",
          "PCI Device",
          "Driver",
          "Admin Status",
          "Link Status",
          "Speed",
          "Duplex",
          "MAC Address",
          "MTU",
          "Description",
        ],
        state.network.nics.map((nic) => {
          const up = nic.adminUp && nic.linkUp;
          return [
            nic.name,
            nic.pciDevice,
            nic.driver,
            nic.adminUp ? "Up" : "Down",
            up ? "Up" : "Down",
            up ? nic.speedMbps : 0,
            up ? "Full" : "Half",
            nic.mac,
            nic.mtu,
            nic.description,
          ];
        }),
      ),
  },
  ...(["up", "down"] as const).map((word): Command => ({
    path: `network nic ${word}`,
    help: word === "up" ? "Bring up the specified network device." : "Bring down the specified network device.",
    options: [
      requiredStr(
        "nic-name",
        "n",
        "The name of the NIC to configured. This must be one of the cards listed in the nic list command.",
      ),
    ],
    run: ({ state, options }) => {
      const nic = state.network.nics.find(({ name }) => name === options.text("nic-name"));
      if (nic === undefined) throw new CommandFailure(`Unknown NIC ${options.text("nic-name")}`);
      nic.adminUp = word === "up";
      return nothing;
    },
  })),
  {
    path: "network ip interface list",
    help: "This command will list the VMkernel network interfaces currently known to the system.",
    options: [str("netstack", "N", "The network stack instance; if unspecified, use the default netstack instance")],
    run: ({ state, facts }) => ({
      kind: "blocks",
      type: "NetworkInterface",
      blocks: state.network.vmks.map((vmk) => interfaceBlock(state, vmk, facts)),
    }),
  },
  {
    path: "network ip interface add",
    help: "Add a new VMkernel network interface.",
    options: [
      str(
        "interface-name",
        "i",
        "The name of the VMkernel network interface to create. This name must be in the form vmkX, where X is a number.",
      ),
      str("portgroup-name", "p", "The name of the vswitch port group to add this VMkernel NIC to."),
      {
        name: "mtu",
        short: "m",
        type: "long",
        help: "Set the MTU setting for a given VMkernel network interface on creation",
      },
      str("netstack", "N", "The network stack instance; if it is not specified use the default netstack instance"),
    ],
    run: ({ state, options }) => {
      addInterface(
        state,
        options.optional("interface-name"),
        options.optional("portgroup-name"),
        options.number("mtu"),
      );
      return nothing;
    },
  },
  {
    path: "network ip interface set",
    help: "This command sets the enabled status and MTU size of a given IP interface",
    options: [
      BY_INTERFACE,
      { name: "mtu", short: "m", type: "long", help: "The MTU size of the IP interface." },
      {
        name: "enabled",
        short: "e",
        type: "bool",
        help: "Set to true to enable the interface, set to false to disable it.",
      },
    ],
    run: ({ state, options }) => {
      const vmk = vmkNamed(state, options.text("interface-name"));
      vmk.mtu = options.number("mtu") ?? vmk.mtu;
      vmk.enabled = options.bool("enabled") ?? vmk.enabled;
      return nothing;
    },
  },
  {
    path: "network ip interface remove",
    help: "Remove a VMkernel network interface from the ESXi host.",
    options: [BY_INTERFACE],
    run: ({ state, options }) => {
      const vmk = vmkNamed(state, options.text("interface-name"));
      if (state.iscsi.configs.some(({ ports }) => ports.includes(vmk.name)))
        throw new CommandFailure(`Unable to remove vmkernel interface ${vmk.name}: it is in use by iSCSI`);
      state.network.vmks = state.network.vmks.filter((each) => each !== vmk);
      return nothing;
    },
  },
  ...["network ip interface ipv4 get", "network ip interface ipv4 address list"].map((path): Command => ({
    path,
    help: "List the IPv4 addresses assigned to VMkernel network interfaces.",
    options: [
      str("interface-name", "i", "The name of the VMkernel network interface to limit the output of this command to."),
    ],
    run: ({ state, options }) => {
      const name = options.optional("interface-name");
      const found = name === undefined ? state.network.vmks : [vmkNamed(state, name)];
      return table(
        "IPv4Interface",
        ["Name", "IPv4 Address", "IPv4 Netmask", "IPv4 Broadcast", "Address Type", "Gateway", "DHCP DNS"],
        found.map(({ name, ipv4 }) => [
          name,
          ipv4.address,
          ipv4.netmask,
          broadcast(ipv4.address, ipv4.netmask),
          ipv4.type.toUpperCase(),
          ipv4.gateway,
          false,
        ]),
      );
    },
  })),
  {
    path: "network ip interface ipv4 set",
    help: "Configure IPv4 setting for a given VMkernel network interface.",
    options: [
      BY_INTERFACE,
      requiredStr("type", "t", "IPv4 Address type: dhcp, none or static"),
      str("ipv4", "I", "The static IPv4 address for this interface."),
      str("netmask", "N", "The static IPv4 netmask for this interface."),
      str("gateway", "g", "The default gateway for this interface."),
    ],
    run: ({ state, options }) => {
      const [vmk, type] = [vmkNamed(state, options.text("interface-name")), options.text("type")];
      const [address, netmask] = [options.optional("ipv4") ?? "", options.optional("netmask") ?? ""];
      if (type !== "static" && type !== "dhcp" && type !== "none")
        throw new CommandFailure("Invalid data constraint for parameter 'type'.");
      if (type === "static" && (!isAddress(address) || !isAddress(netmask)))
        throw new CommandFailure("You must specify both an IPv4 address and a netmask for a static address.");
      if (type === "static" && state.network.vmks.some((each) => each !== vmk && each.ipv4.address === address))
        throw new CommandFailure(`IP address ${address} is already in use by another vmkernel interface`);
      const isStatic = type === "static";
      vmk.ipv4 = {
        type,
        address: isStatic ? address : "0.0.0.0",
        netmask: isStatic ? netmask : "0.0.0.0",
        gateway: options.optional("gateway") ?? "0.0.0.0",
      };
      return nothing;
    },
  },
];

export function vmkNamed(state: HostState, name: string): Vmk {
  const found = state.network.vmks.find((vmk) => vmk.name === name);
  if (found === undefined) throw new CommandFailure(`Invalid vmkernel interface name: ${name}`);
  return found;
}

function addInterface(
  state: HostState,
  wanted: string | undefined,
  group: string | undefined,
  mtu: number | undefined,
): void {
  const { vmks, vSwitches } = state.network;
  if (group === undefined) throw new CommandFailure("A portgroup or a distributed switch port must be specified.");
  if (!vSwitches.some(({ portGroups }) => portGroups.some(({ name }) => name === group)))
    throw new CommandFailure(`Unable to find portgroup ${group}`);
  if (vmks.some(({ portGroup }) => portGroup === group))
    throw new CommandFailure("A vmkernel nic for the connection point already exists");
  const free = Array.from({ length: vmks.length + 1 }, (_, index) => `vmk${index}`);
  const name = wanted ?? free.find((each) => vmks.every((vmk) => vmk.name !== each)) ?? "";
  if (vmks.some((vmk) => vmk.name === name))
    throw new CommandFailure(`A vmkernel nic with the name ${name} already exists`);
  state.counter += 1;
  vmks.push({
    name,
    mac: `00:50:56:6c:01:${(0x10 + state.counter).toString(16).padStart(2, "0").slice(-2)}`,
    portGroup: group,
    netstack: NETSTACK,
    portId: 50_331_652 + state.counter,
    mtu: mtu ?? 1500,
    enabled: true,
    ipv4: { type: "none", address: "0.0.0.0", netmask: "0.0.0.0", gateway: "0.0.0.0" },
    tags: [],
  });
}

function interfaceBlock(state: HostState, vmk: Vmk, facts: VersionFacts): Block {
  const vSwitch = state.network.vSwitches.find(({ portGroups }) =>
    portGroups.some(({ name }) => name === vmk.portGroup),
  );
  return {
    heading: vmk.name,
    fields: [
      ["Name", vmk.name],
      ["MAC Address", vmk.mac],
      ["Enabled", vmk.enabled],
      ["Portset", vSwitch?.name ?? "N/A"],
      ["Portgroup", vmk.portGroup],
      ["Netstack Instance", vmk.netstack],
      ["VDS Name", "N/A"],
      ["VDS UUID", "N/A"],
      ["VDS Port", "N/A"],
      ["VDS Connection", -1],
      ["Opaque Network ID", "N/A"],
      ["Opaque Network Type", "N/A"],
      ["External ID", "N/A"],
      ["MTU", vmk.mtu],
      ["TSO MSS", 65_535],
      ["RXDispQueue Size", 1],
      ["Port ID", vmk.portId],
      ...(facts.urpf ? [["URPF", 0] as const] : []),
    ],
  };
}

function isAddress(text: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

/** The broadcast address of a network. */
function broadcast(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return address
    .split(".")
    .map((part, index) => (Number(part) & (mask[index] ?? 0)) | (~(mask[index] ?? 0) & 255))
    .join(".");
}

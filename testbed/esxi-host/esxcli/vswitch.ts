/** `esxcli network vswitch standard ...`. Source of the block: captures of 6.x and 7; of the refusals: scripts that expect them. */
import { CommandFailure, sysinfoFailure } from "../failure.ts";
import { type Block, nothing, table } from "../format/output.ts";
import type { HostState, VSwitch } from "../state/state.ts";
import { type Command, requiredStr, str } from "./command.ts";

const BY_NAME = requiredStr("vswitch-name", "v", "The name of the virtual switch to apply the configuration to.");
const MTU_MIN = 1280;
const MTU_MAX = 9000;

export const vSwitchCommands: readonly Command[] = [
  {
    path: "network vswitch standard list",
    help: "List the virtual switches current on the ESXi host.",
    options: [str("vswitch-name", "v", "Limit the output of this command to only vSwitches with the given name.")],
    run: ({ state, facts, options }) => {
      const name = options.optional("vswitch-name");
      const found = name === undefined ? state.network.vSwitches : [vSwitchNamed(state, name)];
      return { kind: "blocks", type: "VirtualSwitch", blocks: found.map((each) => block(state, each, facts.numPorts)) };
    },
  },
  {
    path: "network vswitch standard add",
    help: "Add a new virtual switch to the ESXi networking system.",
    options: [
      {
        name: "ports",
        short: "P",
        type: "long",
        help: "The number of ports to to give this newly created virtual switch.",
      },
      requiredStr("vswitch-name", "v", "The name of the virtual switch to create."),
    ],
    run: ({ state, options }) => {
      const name = options.text("vswitch-name");
      if (state.network.vSwitches.some((each) => each.name === name))
        throw new CommandFailure(`A portset with this name already exists`);
      state.network.vSwitches.push({
        name,
        configuredPorts: options.number("ports") ?? 1024,
        mtu: 1500,
        cdpStatus: "listen",
        uplinks: [],
        portGroups: [],
      });
      return nothing;
    },
  },
  {
    path: "network vswitch standard remove",
    help: "Remove a virtual switch from the ESXi networking system.",
    options: [requiredStr("vswitch-name", "v", "The name of the virtual switch to remove.")],
    run: ({ state, options }) => {
      const vSwitch = vSwitchNamed(state, options.text("vswitch-name"));
      if (vSwitch.portGroups.some(({ name }) => state.network.vmks.some(({ portGroup }) => portGroup === name)))
        throw sysinfoFailure("Busy");
      state.network.vSwitches = state.network.vSwitches.filter((each) => each !== vSwitch);
      return nothing;
    },
  },
  {
    path: "network vswitch standard set",
    help: "This command sets the MTU size and CDP status of a given virtual switch.",
    options: [
      {
        name: "mtu",
        short: "m",
        type: "long",
        help: "The MTU (maximum transmission unit) to assign to this vSwitch on the ESXi host.",
      },
      str(
        "cdp-status",
        "c",
        "The CDP status of the given virtual switch. It can be 'down', 'listen', 'advertise' or 'both'",
      ),
      BY_NAME,
    ],
    run: ({ state, options }) => {
      const vSwitch = vSwitchNamed(state, options.text("vswitch-name"));
      const mtu = options.number("mtu");
      if (mtu !== undefined && (mtu < MTU_MIN || mtu > MTU_MAX)) throw sysinfoFailure("Bad parameter");
      const cdp = options.optional("cdp-status");
      if (cdp !== undefined && !["down", "listen", "advertise", "both"].includes(cdp))
        throw new CommandFailure("Invalid data constraint for parameter 'cdp-status'.");
      vSwitch.mtu = mtu ?? vSwitch.mtu;
      vSwitch.cdpStatus = cdp ?? vSwitch.cdpStatus;
      for (const nic of state.network.nics) if (vSwitch.uplinks.includes(nic.name)) nic.mtu = vSwitch.mtu;
      return nothing;
    },
  },
  {
    path: "network vswitch standard uplink add",
    help: "Add an uplink to the given virtual switch.",
    options: [requiredStr("uplink-name", "u", "The name of the uplink to add to the virtual switch."), BY_NAME],
    run: ({ state, options }) => {
      const [vSwitch, uplink] = [vSwitchNamed(state, options.text("vswitch-name")), options.text("uplink-name")];
      const nic = state.network.nics.find(({ name }) => name === uplink);
      if (nic === undefined) throw new CommandFailure(`Unable to find uplink ${uplink}`);
      if (state.network.vSwitches.some(({ uplinks }) => uplinks.includes(uplink)))
        throw new CommandFailure(`Uplink already exists: ${uplink}`);
      vSwitch.uplinks.push(uplink);
      nic.mtu = vSwitch.mtu;
      return nothing;
    },
  },
  {
    path: "network vswitch standard uplink remove",
    help: "Remove an uplink from the given virtual switch.",
    options: [requiredStr("uplink-name", "u", "The name of the uplink to remove from the virtual switch."), BY_NAME],
    run: ({ state, options }) => {
      const [vSwitch, uplink] = [vSwitchNamed(state, options.text("vswitch-name")), options.text("uplink-name")];
      if (!vSwitch.uplinks.includes(uplink)) throw new CommandFailure(`No such uplink: ${uplink}`);
      vSwitch.uplinks = vSwitch.uplinks.filter((each) => each !== uplink);
      for (const nic of state.network.nics) if (nic.name === uplink) nic.mtu = 1500;
      return nothing;
    },
  },
  {
    path: "network vswitch standard portgroup list",
    help: "List all of the port groups currently on the system.",
    options: [],
    run: ({ state }) =>
      table(
        "PortGroup",
        ["Name", "Virtual Switch", "Active Clients", "VLAN ID"],
        state.network.vSwitches
          .flatMap((vSwitch) =>
            vSwitch.portGroups.map(
              (group) => [group.name, vSwitch.name, clients(state, group.name), group.vlan] as const,
            ),
          )
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
  },
  {
    path: "network vswitch standard portgroup add",
    help: "Allows the addition of a standard port group to a virtual switch.",
    options: [requiredStr("portgroup-name", "p", "The name of the port group to add"), BY_NAME],
    run: ({ state, options }) => {
      const [vSwitch, name] = [vSwitchNamed(state, options.text("vswitch-name")), options.text("portgroup-name")];
      if (state.network.vSwitches.some(({ portGroups }) => portGroups.some((group) => group.name === name)))
        throw new CommandFailure(`A portgroup with the name ${name} already exists`);
      vSwitch.portGroups.push({ name, vlan: 0 });
      return nothing;
    },
  },
  {
    path: "network vswitch standard portgroup remove",
    help: "Remove a port group from the given virtual switch",
    options: [requiredStr("portgroup-name", "p", "The name of the port group to remove"), BY_NAME],
    run: ({ state, options }) => {
      const [vSwitch, name] = [vSwitchNamed(state, options.text("vswitch-name")), options.text("portgroup-name")];
      if (!vSwitch.portGroups.some((group) => group.name === name)) throw sysinfoFailure("Not found");
      if (clients(state, name) > 0) throw sysinfoFailure("Busy");
      vSwitch.portGroups = vSwitch.portGroups.filter((group) => group.name !== name);
      return nothing;
    },
  },
  {
    path: "network vswitch standard portgroup set",
    help: "Set the vlan id for the given port group",
    options: [
      requiredStr("portgroup-name", "p", "The name of the port group to set vlan id for."),
      {
        name: "vlan-id",
        short: "v",
        type: "long",
        help: "The vlan-id for this port group. This value is in the range (0 - 4095)",
      },
    ],
    run: ({ state, options }) => {
      const name = options.text("portgroup-name");
      const group = state.network.vSwitches.flatMap(({ portGroups }) => portGroups).find((each) => each.name === name);
      if (group === undefined) throw sysinfoFailure("Not found");
      const vlan = options.number("vlan-id") ?? group.vlan;
      if (vlan < 0 || vlan > 4095) throw new CommandFailure("Invalid data constraint for parameter 'vlan-id'.");
      group.vlan = vlan;
      return nothing;
    },
  },
];

export function vSwitchNamed(state: HostState, name: string): VSwitch {
  const found = state.network.vSwitches.find((each) => each.name === name);
  if (found === undefined) throw sysinfoFailure("Not found");
  return found;
}

function block(state: HostState, vSwitch: VSwitch, numPorts: number): Block {
  const used = vSwitch.portGroups.reduce((sum, { name }) => sum + clients(state, name), 1 + vSwitch.uplinks.length);
  return {
    heading: vSwitch.name,
    fields: [
      ["Name", vSwitch.name],
      ["Class", "cswitch"],
      ["Num Ports", numPorts],
      ["Used Ports", used],
      ["Configured Ports", vSwitch.configuredPorts],
      ["MTU", vSwitch.mtu],
      ["CDP Status", vSwitch.cdpStatus],
      ["Beacon Enabled", false],
      ["Beacon Interval", 1],
      ["Beacon Threshold", 3],
      ["Beacon Required By", []],
      ["Uplinks", vSwitch.uplinks],
      ["Portgroups", vSwitch.portGroups.map(({ name }) => name)],
    ],
  };
}

function clients(state: HostState, portGroup: string): number {
  return state.network.vmks.filter((vmk) => vmk.portGroup === portGroup).length;
}

/** The namespace `rdma`. Source: a capture of 7/8 with another vendor's adapter, and the reference of 8.0.2. */
import { CommandFailure } from "../failure.ts";
import { nothing, table } from "../format/output.ts";
import { disableIser, enableIser, rdmaNics } from "../world/adapters.ts";
import { uplinksOf } from "../world/fabric.ts";
import { type Command, factsOf, requiredStr, str } from "./command.ts";

const DEVICE = str("device", "d", "The name of the RDMA device.");

const deviceCommands: readonly Command[] = [
  {
    path: "rdma device list",
    help: "List the RDMA devices.",
    options: [],
    run: ({ state }) =>
      table(
        "RdmaDevice",
        ["Name", "Driver", "State", "MTU", "Speed", "Paired Uplink", "Description"],
        rdmaNics(state).map((nic) => [
          nic.rdmaDevice,
          nic.rdmaDriver,
          nic.adminUp && nic.linkUp ? "Active" : "Down",
          // RoCE's own sizes: the largest that fits into the frames of the uplink.
          nic.mtu >= 4200 ? 4096 : 1024,
          `${nic.speedMbps / 1000} Gbps`,
          nic.name,
          nic.description,
        ]),
      ),
  },
  {
    path: "rdma device vmknic list",
    help: "List the vmknics associated with the RDMA devices.",
    options: [DEVICE],
    run: ({ state, options }) =>
      table(
        "RdmaVmknic",
        ["Device", "Vmknic", "NetStack"],
        rdmaNics(state)
          .filter(({ rdmaDevice }) => !options.has("device") || rdmaDevice === options.text("device"))
          .flatMap((nic) =>
            state.network.vmks
              .filter((vmk) => uplinksOf(state, vmk).includes(nic.name))
              .map((vmk) => [nic.rdmaDevice, vmk.name, vmk.netstack]),
          ),
      ),
  },
  {
    path: "rdma device protocol list",
    help: "List the protocols that the RDMA devices support.",
    options: [DEVICE],
    run: ({ state, options }) =>
      table(
        "RdmaProtocol",
        ["Device", "RoCE v1", "RoCE v2", "iWARP"],
        rdmaNics(state)
          .filter(({ rdmaDevice }) => !options.has("device") || rdmaDevice === options.text("device"))
          .map(({ rdmaDevice }) => [rdmaDevice, true, true, false]),
      ),
  },
];

const iserCommands: readonly Command[] = [
  {
    path: "rdma iser add",
    help: "Add an iSER device to enable iser module driver.",
    options: [str("device", "d", "Device on which to enable iSER.")],
    run: ({ state, options }) => {
      enableIser(state, options.optional("device"));
      return nothing;
    },
  },
  {
    path: "rdma iser delete",
    help: "Delete an iSER device.",
    options: [requiredStr("device", "d", "Device on which to disable iSER.")],
    run: ({ state, options }) => {
      disableIser(state, options.text("device"));
      return nothing;
    },
  },
];

const paramsCommand: Command = {
  path: "rdma iser params set",
  help: "Set iSER specific parameters (deprecated).",
  options: [
    requiredStr("adapter", "a", "The iSER adapter."),
    { name: "rocetype", short: "r", type: "long", required: true, help: "0 Auto, 1 V1, 2 V2, 3 iWarp" },
  ],
  isOffered: (state) => factsOf(state).iserParams && state.settings.iserBy === "command",
  run: ({ state, options }) => {
    const name = options.text("adapter");
    if (!state.iscsi.adapters.some((adapter) => adapter.name === name && adapter.driver === "iser"))
      throw new CommandFailure(`Unknown adapter ${name}`);
    return nothing;
  },
};

export const rdmaCommands: readonly Command[] = [
  ...deviceCommands,
  ...iserCommands.map((command): Command => ({
    ...command,
    isOffered: ({ settings }) => settings.iserBy === "command",
  })),
  paramsCommand,
];

/** Virtual machines as esxcli sees them: those that run. A world ID is not a Vmid. */
import { CommandFailure } from "../failure.ts";
import { type Block, nothing, table } from "../format/output.ts";
import { type Command, requiredStr, str } from "./command.ts";

export const vmCommands: readonly Command[] = [
  {
    path: "vm process list",
    help: "List the virtual machines on this system.",
    options: [],
    run: ({ state }) => ({
      kind: "blocks",
      type: "VirtualMachine",
      blocks: state.vms
        .filter(({ power }) => power === "on")
        .map((vm): Block => ({
          heading: vm.name,
          fields: [
            ["World ID", vm.worldId],
            ["Process ID", 0],
            ["VMX Cartel ID", vm.worldId - 1],
            ["UUID", `56 4d 1e 5f 0a 2b 4c 11-90 b1 1c 3c c5 61 00 ${vm.vmid.toString(16).padStart(2, "0")}`],
            ["Display Name", vm.name],
            ["Config File", `/vmfs/volumes/${vm.datastore}/${vm.file}`],
          ],
        })),
    }),
  },
  {
    path: "vm process kill",
    help: "Used to forcibly kill Virtual Machines that are stuck and not responding to normal stop operations.",
    options: [
      requiredStr("type", "t", "The type of kill operation to attempt: soft, hard, force."),
      requiredStr("world-id", "w", "The World ID of the Virtual Machine to kill."),
    ],
    run: ({ state, options }) => {
      const vm = state.vms.find(({ power, worldId }) => power === "on" && String(worldId) === options.text("world-id"));
      if (vm === undefined)
        throw new CommandFailure(`Unable to find a virtual machine with the world ID "${options.text("world-id")}"`);
      vm.power = "off";
      return nothing;
    },
  },
  {
    path: "network vm list",
    help: "List networking information for the VM's that have active ports.",
    options: [str("netstack", "N", "The network stack instance.")],
    run: ({ state }) =>
      table(
        "Vm",
        ["World ID", "Name", "Num Ports", "Networks"],
        state.vms.filter(({ power }) => power === "on").map(({ worldId, name }) => [worldId, name, 1, "VM Network"]),
      ),
  },
];

/** The namespace `system`. Sources: captures of 6.0 to 9.0. */
import { CommandFailure } from "../failure.ts";
import { nothing } from "../format/output.ts";
import { type Command, requiredStr } from "./command.ts";
import { moduleCommands } from "./system-modules.ts";
import { settingsCommands } from "./system-settings.ts";

const hostCommands: readonly Command[] = [
  {
    path: "system version get",
    help: "Display the product name, version and build information.",
    options: [],
    run: ({ facts }) => ({
      kind: "structure",
      type: "VersionGet",
      fields: [
        ["Product", "VMware ESXi"],
        ["Version", facts.version],
        ["Build", facts.build],
        ["Update", facts.update],
        ["Patch", facts.patch],
        ...(facts.maintenance === undefined ? [] : [["Maintenance", facts.maintenance] as const]),
      ],
    }),
  },
  {
    path: "system hostname get",
    help: "Get the host, domain or fully qualified name of the ESX host.",
    options: [],
    run: ({ state }) => ({
      kind: "structure",
      type: "HostNameGet",
      fields: [
        ["Domain Name", "lab.local"],
        ["Fully Qualified Domain Name", `${state.hostName}.lab.local`],
        ["Host Name", state.hostName],
      ],
    }),
  },
  {
    path: "system stats uptime get",
    help: "Display the number of microseconds the system has been running.",
    options: [],
    run: ({ state, nowMs }) => ({ kind: "value", value: Math.max(1, Math.round((nowMs - state.bootedMs) * 1000)) }),
  },
  {
    path: "system uuid get",
    help: "Get the system UUID.",
    options: [],
    run: ({ state }) => ({
      kind: "value",
      value: `5e1f0a2b-${Buffer.from(state.hostName).toString("hex").padEnd(8, "0").slice(0, 8)}-a0ee-90b11c3cc561`,
    }),
  },
  {
    path: "system maintenanceMode get",
    help: "Get the maintenance mode state of the system.",
    options: [],
    run: ({ state }) => ({ kind: "value", value: state.maintenanceMode ? "Enabled" : "Disabled" }),
  },
  {
    path: "system maintenanceMode set",
    help: "Enable or disable the maintenance mode of the system.",
    options: [
      { name: "enable", short: "e", type: "bool", required: true, help: "enable maintenance mode" },
      { name: "timeout", short: "t", type: "long", help: "Time in seconds to enter maintenance mode." },
    ],
    run: ({ state, options }) => {
      const on = options.bool("enable") === true;
      if (on === state.maintenanceMode)
        throw new CommandFailure(`Maintenance mode is already ${on ? "enabled" : "disabled"}.`);
      if (on && state.vms.some(({ power }) => power === "on"))
        throw new CommandFailure(
          "Timed out waiting for the host to enter maintenance mode: there are powered on virtual machines.",
        );
      state.maintenanceMode = on;
      return nothing;
    },
  },
  {
    path: "system shutdown reboot",
    help: "Reboot the system. The host must be in maintenance mode.",
    options: [
      { name: "delay", short: "d", type: "long", help: "Delay interval in seconds" },
      requiredStr("reason", "r", "Reason for performing the operation"),
    ],
    run: ({ state }) => {
      if (!state.maintenanceMode)
        throw new CommandFailure("Host is not in maintenance mode. Reboot cannot be performed.");
      state.power = "rebooting";
      return nothing;
    },
  },
];

export const systemCommands: readonly Command[] = [...hostCommands, ...moduleCommands, ...settingsCommands];

/** The namespace `system`. Sources: captures of 6.0 to 9.0. */
import { CommandFailure } from "../failure.ts";
import { nothing, table } from "../format/output.ts";
import type { Advanced } from "../state/state.ts";
import { enableIser } from "../world/adapters.ts";
import { type Command, requiredStr, str } from "./command.ts";

const MODULE = requiredStr("module", "m", "The name of the VMkernel module.");

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

const moduleCommands: readonly Command[] = [
  {
    path: "system module list",
    help: "List the VMkernel modules that the system knows about.",
    options: [],
    run: ({ state }) =>
      table(
        "Module",
        ["Name", "Is Loaded", "Is Enabled"],
        state.modules.map(({ name, loaded, enabled }) => [name, loaded, enabled]),
      ),
  },
  {
    path: "system module load",
    help: "Load a VMkernel module with the given name if it is enabled.",
    options: [MODULE, { name: "force", short: "f", type: "flag", help: "Ignore if the module is disabled." }],
    run: ({ state, options }) => {
      loadModule(state, options.text("module"));
      return nothing;
    },
  },
  {
    path: "system module set",
    help: "Allow enabling and disabling a given VMkernel module.",
    options: [
      MODULE,
      { name: "enabled", short: "e", type: "bool", required: true, help: "Set to true to enable the module." },
    ],
    run: ({ state, options }) => {
      moduleNamed(state, options.text("module")).enabled = options.bool("enabled") === true;
      return nothing;
    },
  },
  {
    path: "system module parameters list",
    help: "List the current parameters of a module.",
    options: [MODULE],
    run: ({ state, options }) => {
      const { name, options: given } = moduleNamed(state, options.text("module"));
      const values = new Map(
        given.split(" ").map((each) => [each.split("=")[0] ?? "", each.split("=")[1] ?? ""] as const),
      );
      return table(
        "ModuleParameter",
        ["Name", "Type", "Value", "Description"],
        (PARAMETERS[name] ?? []).map(([parameter, description]) => [
          parameter,
          "int",
          values.get(parameter) ?? "",
          description,
        ]),
      );
    },
  },
  {
    path: "system module parameters set",
    help: "Allow setting the module load time parameters for the given VMkernel module.",
    options: [
      MODULE,
      requiredStr("parameter-string", "p", "The parameter string to use for the named module."),
      { name: "append", short: "a", type: "flag", help: "Append the given options to the current parameters." },
      { name: "force", short: "f", type: "flag", help: "Set the options even if the module does not have them." },
    ],
    run: ({ state, options }) => {
      const module = moduleNamed(state, options.text("module"));
      const given = options.text("parameter-string");
      const known = new Set((PARAMETERS[module.name] ?? []).map(([name]) => name));
      const wrong = given.split(" ").find((each) => each !== "" && !known.has(each.split("=")[0] ?? ""));
      if (wrong !== undefined && !options.has("force"))
        throw new CommandFailure(
          `Unable to set module parameters. Error was: Invalid parameter name: ${wrong.split("=")[0]}`,
        );
      module.options = options.has("append") ? `${module.options} ${given}`.trim() : given;
      return nothing;
    },
  },
];

const PARAMETERS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  iser: [
    ["iser_LunQDepth", "Maximum queue depth of a LUN"],
    ["iser_debug", "Debug level"],
  ],
  iscsi_vmk: [
    ["iscsivmk_HostQDepth", "Maximum Outstanding Commands Per Adapter"],
    ["iscsivmk_ImmData", "Immediate data"],
    ["iscsivmk_InitialR2T", "Initial R2T"],
    ["iscsivmk_LunQDepth", "Maximum Outstanding Commands Per LUN"],
    ["iscsivmk_MaxChannels", "Maximum Channels"],
    ["iscsivmk_MaxR2T", "Maximum R2T"],
  ],
  nmlx5_core: [
    ["pfctx", "Priority based flow control policy on TX"],
    ["pfcrx", "Priority based flow control policy on RX"],
    ["trust_state", "Port policy to calculate the switch priority"],
  ],
  nmlx5_rdma: [["pcp_force", "PCP value to force on RoCE traffic"]],
};

const settingsCommands: readonly Command[] = [
  {
    path: "system settings advanced list",
    help: "List the advanced options available from the VMkernel.",
    options: [
      str("option", "o", "Only get the information for a single VMkernel advanced option."),
      str("tree", "t", "Limit the list of advanced option to a specific sub tree."),
      { name: "delta", short: "d", type: "flag", help: "Only display options whose values differ from their default." },
    ],
    run: ({ state, options }) => {
      const [option, tree] = [options.optional("option"), options.optional("tree")];
      const found = state.advanced.filter(
        ({ path, value, defaultValue }) =>
          (option === undefined || path === option) &&
          (tree === undefined || path.startsWith(tree)) &&
          (!options.has("delta") || value !== defaultValue),
      );
      if (option !== undefined && found.length === 0) throw new CommandFailure(`Unable to find option ${option}`);
      return {
        kind: "blocks",
        type: "SettingsAdvancedOption",
        blocks: found.map((each) => ({ heading: "", fields: advancedFields(each) })),
      };
    },
  },
  {
    path: "system settings advanced set",
    help: "Set the value of an advanced option.",
    options: [
      requiredStr("option", "o", "The name of the option to set the value of."),
      { name: "int-value", short: "i", type: "long", help: "If the option is an integer value use this option." },
      str("string-value", "s", "If the option is a string use this option."),
      { name: "default", short: "d", type: "flag", help: "Reset the option to its default value." },
    ],
    run: ({ state, options }) => {
      const option = state.advanced.find(({ path }) => path === options.text("option"));
      if (option === undefined) throw new CommandFailure(`Unable to find option ${options.text("option")}`);
      const value = options.has("default")
        ? option.defaultValue
        : (options.number("int-value") ?? options.optional("string-value"));
      if (
        typeof value !== typeof option.defaultValue ||
        (typeof value === "number" && (value < option.min || value > option.max))
      )
        throw new CommandFailure(`Unable to set ${option.path}: the value is out of range`);
      option.value = value ?? option.value;
      return nothing;
    },
  },
  {
    path: "system settings kernel list",
    help: "List VMkernel kernel settings.",
    options: [str("option", "o", "Only get the information for a single kernel setting.")],
    run: ({ state, options }) =>
      table(
        "KernelSetting",
        ["Name", "Type", "Description", "Configured", "Runtime", "Default"],
        Object.entries(state.kernel)
          .filter(([name]) => !options.has("option") || name === options.optional("option"))
          .map(([name, value]) => [name, "Bool", "Per file scheduling model", value, "TRUE", "TRUE"]),
      ),
  },
  {
    path: "system settings kernel set",
    help: "Set a VMKernel setting.",
    options: [
      requiredStr("setting", "s", "The name of the VMKernel setting to set."),
      requiredStr("value", "v", "Value of the VMKernel setting to set."),
    ],
    run: ({ state, options }) => {
      const name = options.text("setting");
      if (!(name in state.kernel)) throw new CommandFailure(`Invalid Key Name: ${name}`);
      state.kernel[name] = options.text("value");
      return nothing;
    },
  },
];

export const systemCommands: readonly Command[] = [...hostCommands, ...moduleCommands, ...settingsCommands];

type CallState = Parameters<Command["run"]>[0]["state"];

function moduleNamed(state: CallState, name: string) {
  const found = state.modules.find((module) => module.name === name);
  if (found === undefined) throw new CommandFailure(`Unknown module ${name}`);
  return found;
}

/** Where iSER comes with its module, the load of the module makes the adapters. */
export function loadModule(state: CallState, name: string): void {
  const module = moduleNamed(state, name);
  if (module.loaded) throw new CommandFailure(`Unable to load module ${name}: Busy`);
  module.loadedOptions = module.options;
  module.loaded = true;
  if (name === "iser" && state.settings.iserBy === "module") enableIser(state, undefined);
}

function advancedFields({ path, type, value, defaultValue, min, max, description }: Advanced) {
  const [int, string] = type === "integer" ? [value, ""] : [0, value];
  return [
    ["Path", path],
    ["Type", type],
    ["Int Value", int],
    ["Default Int Value", type === "integer" ? defaultValue : 0],
    ["Min Value", min],
    ["Max Value", max],
    ["String Value", string],
    ["Default String Value", type === "integer" ? "" : defaultValue],
    ["Valid Characters", ""],
    ["Description", description],
  ] as const;
}

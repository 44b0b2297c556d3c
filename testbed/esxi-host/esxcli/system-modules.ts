/** `system module`. Sources: captures of 6.0 to 9.0. */
import { CommandFailure } from "../failure.ts";
import { nothing, table } from "../format/output.ts";
import { enableIser } from "../world/adapters.ts";
import { type Command, requiredStr } from "./command.ts";

const MODULE = requiredStr("module", "m", "The name of the VMkernel module.");

export const moduleCommands: readonly Command[] = [
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

/** `system settings`. Sources: captures of 6.0 to 9.0. */
import { CommandFailure } from "../failure.ts";
import { nothing, table } from "../format/output.ts";
import type { Advanced } from "../state/state.ts";
import { type Command, requiredStr, str } from "./command.ts";

export const settingsCommands: readonly Command[] = [
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

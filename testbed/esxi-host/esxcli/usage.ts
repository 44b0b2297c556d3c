/** The help of esxcli, as captures of 5.x to 8.x have it. */
import type { Command, Option } from "./command.ts";

const COLUMN = 24;

export function optionNames({ name, short }: Option): string {
  return short === undefined ? `--${name}` : `-${short}|--${name}`;
}

export function commandUsage(program: string, command: Command): string {
  const words = command.path.split(" ");
  return [
    `Usage: ${program} ${command.path} [cmd options]`,
    "",
    "Description: ",
    entry(words.at(-1) ?? "", command.help),
    "",
    "Cmd options:",
    ...command.options.map((option) =>
      entry(
        `${optionNames(option)}${option.type === "flag" ? "" : `=<${option.type}>`}`,
        `${option.help}${option.required === true ? " (required)" : ""}`,
      ),
    ),
  ].join("\n");
}

export function namespaceUsage(program: string, path: string, commands: readonly Command[]): string {
  const prefix = path === "" ? "" : `${path} `;
  const below = commands
    .filter((command) => command.path.startsWith(prefix))
    .map((command) => command.path.slice(prefix.length));
  const namespaces = [...new Set(below.filter((rest) => rest.includes(" ")).map((rest) => rest.split(" ")[0] ?? ""))];
  const own = commands.filter(
    (command) => command.path.startsWith(prefix) && !command.path.slice(prefix.length).includes(" "),
  );
  return [
    path === ""
      ? `Usage: ${program} [options] {namespace}+ {cmd} [cmd options]\n\n${GLOBAL_OPTIONS}`
      : `Usage: ${program} ${path} {cmd} [cmd options]`,
    ...(namespaces.length === 0
      ? []
      : ["", "Available Namespaces:", ...namespaces.map((name) => entry(name, `Commands of ${name}.`))]),
    ...(own.length === 0
      ? []
      : ["", "Available Commands:", ...own.map((command) => entry(command.path.slice(prefix.length), command.help))]),
  ].join("\n");
}

const GLOBAL_OPTIONS = `Options:
  --formatter=FORMATTER
                        Override the formatter to use for a given command. Available formatters: xml, csv, keyvalue.
  --screen-width=SCREENWIDTH
                        Use the specified screen width when formatting text.
  --debug               Enable debug or internal use options.
  --log-verbose         Enable verbose logging.
  -?, --help            Display usage information.`;

function entry(name: string, help: string): string {
  const head = `  ${name}`;
  return head.length >= COLUMN ? `${head}\n${" ".repeat(COLUMN)}${help}` : `${head.padEnd(COLUMN)}${help}`;
}

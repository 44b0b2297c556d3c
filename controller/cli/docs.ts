import type { Argument, Command, Option } from "commander";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { silentIo } from "./io.ts";
import { createProgram } from "./program.ts";

/** The text of docs/cli.md, from the commands themselves. */
export function cliDocs(): string {
  const program = createProgram(silentIo());
  return [
    "# The `salvo` command",
    "",
    "Written from the program (`controller/cli/docs.ts`); `salvo help COMMAND` says the same.",
    "",
    program.description(),
    ...program.commands.flatMap((command) => commandDocs(command)),
    "",
    "## Logs",
    "",
    "`SALVO_LOG` says how much Salvo and its agents log to stderr, as JSON lines: `trace`, `debug`, `info`, `warn`, `error`,",
    "`fatal` or `silent`.",
    "",
    "## Exit codes",
    "",
    ...Object.values(EXIT).map(({ code, means }) => `- \`${code}\`: ${means}.`),
    "",
    "With several runs the worst one decides. Results go to stdout, everything else goes to stderr.",
    "",
  ].join("\n");
}

function commandDocs(command: Command, above = "salvo"): string[] {
  const name = `${above} ${command.name()}`;
  const names = command.registeredArguments.map(argumentName);
  const needed = command.options.filter(({ mandatory }) => mandatory).map(({ flags }) => flags);
  const items = [...command.registeredArguments.map(argumentDocs), ...command.options.map(optionDocs)];
  return [
    "",
    `## ${name}`,
    "",
    command.description(),
    "",
    "```sh",
    [name, ...names, ...needed, ...(command.options.length > needed.length ? ["[options]"] : [])].join(" "),
    "```",
    ...(items.length > 0 ? ["", ...items] : []),
    ...command.commands.flatMap((each) => commandDocs(each, name)),
  ];
}

function argumentName(argument: Argument): string {
  const text = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? text : `[${text}]`;
}

function argumentDocs(argument: Argument): string {
  return `- \`${argumentName(argument)}\`: ${prose(argument.description)}.`;
}

function optionDocs(option: Option): string {
  const facts = [
    option.argChoices && `One of ${option.argChoices.map((choice) => `\`${choice}\``).join(", ")}.`,
    option.defaultValue !== undefined && `Default: \`${String(option.defaultValue)}\`.`,
    option.envVar !== undefined && `Environment: \`${option.envVar}\`.`,
    option.mandatory && "Needed.",
  ];
  return [`- \`${option.flags}\`: ${prose(option.description)}.`, ...facts.filter(Boolean)].join(" ");
}

/** Stars would be emphasis. */
function prose(text: string): string {
  return text.replaceAll("*", "\\*");
}

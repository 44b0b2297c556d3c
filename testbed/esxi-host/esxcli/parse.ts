/** Reads the words behind a command into its options, and refuses as esxcli does. */
import { CommandFailure } from "../failure.ts";
import { type Command, Given, type Option } from "./command.ts";
import { commandUsage, optionNames } from "./usage.ts";

export function parseOptions(program: string, command: Command, words: readonly string[]): Given {
  const values = new Map<string, string[]>();
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const { option, value } = readWord(program, command, word);
    const found = option.type === "flag" ? (value ?? "true") : (value ?? left.shift());
    if (found === undefined) throw refused(program, command, [`Missing value for parameter ${optionNames(option)}`]);
    values.set(option.name, [...(values.get(option.name) ?? []), found]);
  }
  const missing = command.options.filter(({ name, required }) => required === true && !values.has(name));
  if (missing.length > 0)
    throw refused(
      program,
      command,
      missing.map((option) => `Missing required parameter ${optionNames(option)}`),
    );
  return new Given(values);
}

function readWord(program: string, command: Command, word: string): { option: Option; value: string | undefined } {
  const long = /^--([A-Za-z0-9-]+)(?:=([\s\S]*))?$/.exec(word);
  const short = /^-([A-Za-z0-9?])(?:=?([\s\S]+))?$/.exec(word);
  const option = command.options.find(({ name, short: letter }) =>
    long === null ? short !== null && letter === short[1] : name === long[1],
  );
  if (option === undefined) throw refused(program, command, [`Invalid option ${word}`]);
  return { option, value: (long ?? short)?.[2] };
}

/** One `Error:`; further lines stand below the first. */
function refused(program: string, command: Command, reasons: readonly string[]): CommandFailure {
  const lines = reasons.map((reason, index) => `${index === 0 ? "Error: " : "       "}${reason}`);
  return new CommandFailure(`${lines.join("\n")}\n\n${commandUsage(program, command)}`);
}

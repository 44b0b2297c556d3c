/** One call of esxcli or localcli: global options, the command, its answer in the wanted form. */
import { CommandFailure } from "../failure.ts";
import type { Output } from "../format/output.ts";
import { asCsv, asJson, asKeyValue, asXml } from "../format/structured.ts";
import { asText } from "../format/text.ts";
import type { HostState } from "../state/state.ts";
import { type Command, factsOf } from "./command.ts";
import { commandsOf } from "./commands.ts";
import { parseOptions } from "./parse.ts";
import { commandUsage, namespaceUsage } from "./usage.ts";

interface Globals {
  readonly formatter: string;
  readonly params: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

export function runEsxcli(
  program: "esxcli" | "localcli",
  args: readonly string[],
  state: HostState,
  nowMs: number,
): string {
  const { formatter, params, words } = readGlobals(args);
  const commands = commandsOf(state);
  const command = commands.find(({ path }) => `${words.join(" ")} `.startsWith(`${path} `));
  if (command === undefined) return usageOf(program, words, commands);
  const rest = words.slice(command.path.split(" ").length);
  if (rest.some((word) => word === "--help" || word === "-?")) return `${commandUsage(program, command)}\n`;
  const options = parseOptions(program, command, rest);
  const output = command.run({ state, facts: factsOf(state), nowMs, options });
  return formatted(program, output, formatter, params, state);
}

function readGlobals(args: readonly string[]): Globals {
  const params = new Map<string, string>();
  const words = [...args];
  let formatter = "text";
  for (let word = words[0]; word?.startsWith("-") === true && !/^(-\?|--help)$/.test(word); word = words[0]) {
    words.shift();
    const [name, ...values] = word.split("=");
    const value = values.length > 0 ? values.join("=") : undefined;
    if (name === "--formatter") formatter = value ?? words.shift() ?? "";
    else if (name === "--format-param") {
      const [key = "", ...rest] = (value ?? words.shift() ?? "").split("=");
      params.set(key, rest.join("="));
    } else if (name === "--screen-width") void (value ?? words.shift());
    else if (name !== "--debug" && name !== "--log-verbose") throw new CommandFailure(`Error: Invalid option ${word}`);
  }
  return { formatter, params, words };
}

function usageOf(program: string, words: readonly string[], commands: readonly Command[]): string {
  const asked = words.filter((word) => word !== "--help" && word !== "-?");
  const path = asked.join(" ");
  if (path === "" || commands.some((command) => command.path.startsWith(`${path} `)))
    return `${namespaceUsage(program, path, commands)}\n`;
  throw new CommandFailure(`Error: Unknown command or namespace ${path}`);
}

function formatted(
  program: "esxcli" | "localcli",
  output: Output,
  formatter: string,
  params: ReadonlyMap<string, string>,
  state: HostState,
): string {
  const facts = factsOf(state);
  switch (state.settings.textOnly && formatter !== "text" ? "" : formatter) {
    case "text":
      return asText(output, { lastDashes: facts.lastDashes, showHeader: params.get("show-header") !== "false" });
    case "csv":
      return asCsv(output, params.get("fields")?.split(","));
    case "xml":
      return asXml(output);
    case "keyvalue":
      return asKeyValue(output);
    case "json": {
      if (program === "localcli") return asJson(output, { names: "spaced", single: "object" });
      if (params.size > 0) throw new CommandFailure("Error: --format-param is not supported by the json formatter");
      if (facts.json !== undefined) return asJson(output, { names: "joined", single: facts.json });
      break;
    }
    default:
      break;
  }
  throw new CommandFailure(`Error: Invalid formatter ${formatter}`);
}

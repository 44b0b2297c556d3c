/** `esxcli esxcli command list`: one call tells what this very host offers. */
import { table } from "../format/output.ts";
import type { Command } from "./command.ts";

export function commandList(others: readonly Command[]): Command {
  const self: Command = {
    path: "esxcli command list",
    help: "List all of the esxcli commands on the system.",
    options: [],
    run: () =>
      table(
        "Command",
        ["Namespace", "Command"],
        [...others, self].map(({ path }) => namespaced(path)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
  };
  return self;
}

function namespaced(path: string): readonly [string, string] {
  const words = path.split(" ");
  return [words.slice(0, -1).join("."), words.at(-1) ?? ""];
}

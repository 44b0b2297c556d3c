import { unreadable } from "./answer.ts";

/** What a host offers, as `esxcli esxcli command list` tells it: no table of versions is kept. */
export interface Commands {
  /** "rdma iser add" */
  has(command: string): boolean;
  readonly count: number;
}

/** Each line has a namespace with dots, and a command: "system.snmp    get". Further columns are not looked at. */
export function readCommands(text: string): Commands {
  const offered = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([a-z][\w.-]*)\s+([a-z][\w-]*)(\s|$)/i.exec(line);
    if (!match) continue;
    const [, namespace = "", command = ""] = match;
    if (namespace.toLowerCase() !== "namespace") offered.add(`${namespace.replaceAll(".", " ")} ${command}`);
  }
  // Every host has this one: without it, it is another text.
  if (!offered.has("esxcli command list")) throw unreadable(text, "this is no list of commands");
  return { has: (command) => offered.has(command), count: offered.size };
}

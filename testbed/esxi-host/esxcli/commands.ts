/** Every command that this host offers. */
import type { HostState } from "../state/state.ts";
import type { Command } from "./command.ts";
import { commandList } from "./command-list.ts";
import { hardwareCommands } from "./hardware.ts";
import { iscsiCommands } from "./iscsi.ts";
import { networkCommands } from "./network.ts";
import { rdmaCommands } from "./rdma.ts";
import { softwareCommands } from "./software.ts";
import { storageCommands } from "./storage.ts";
import { systemCommands } from "./system.ts";
import { vmCommands } from "./vm.ts";

const ALL: readonly Command[] = [
  ...hardwareCommands,
  ...iscsiCommands,
  ...networkCommands,
  ...rdmaCommands,
  ...softwareCommands,
  ...storageCommands,
  ...systemCommands,
  ...vmCommands,
];

export function commandsOf(state: HostState): Command[] {
  const offered = ALL.filter(({ isOffered }) => isOffered === undefined || isOffered(state));
  return [...offered, commandList(offered)].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

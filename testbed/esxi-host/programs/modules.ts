/** esxcfg-module and vmkload_mod. Source: a capture of `esxcfg-module -g`. */
import { loadModule } from "../esxcli/system-modules.ts";
import { CommandFailure } from "../failure.ts";
import type { HostState, Module } from "../state/state.ts";
import { syncMounts } from "../world/mounts.ts";
import type { ProgramCall } from "./call.ts";

export function esxcfgModule({ args, read, change, write }: ProgramCall): void {
  const [flag = "-l", name = ""] = args;
  if (flag === "-g") {
    const module = named(read(), name);
    return write(`${module.name} enabled = ${module.enabled ? 1 : 0} options = '${module.options}'\n`);
  }
  if (flag === "-l") return write(listed(read()));
  if (flag === "-s") return change((state) => void (named(state, args[2] ?? "").options = name));
  if (flag === "-e" || flag === "-d") return change((state) => void (named(state, name).enabled = flag === "-e"));
  if (flag.startsWith("-")) throw new CommandFailure(`esxcfg-module: invalid option ${flag}`);
  load(change, flag);
}

export function vmkloadMod({ args, read, change, write }: ProgramCall): void {
  const [name = "-l"] = args;
  if (name === "-l" || name === "--list") return write(listed(read()));
  if (name === "-u") {
    return change((state) => {
      const module = named(state, args[1] ?? "");
      if (!module.loaded)
        throw new CommandFailure(`vmkload_mod: Can not remove module ${module.name}: module is not loaded`);
      module.loaded = false;
    });
  }
  load(change, name);
  write(`Module ${name} loaded successfully\n`);
}

function load(change: ProgramCall["change"], name: string): void {
  change((state) => {
    loadModule(state, name);
    syncMounts(state);
  });
}

function named(state: HostState, name: string): Module {
  const found = state.modules.find((module) => module.name === name);
  if (found === undefined) throw new CommandFailure(`Unable to find module ${name}`);
  return found;
}

function listed(state: HostState): string {
  const rows = state.modules.filter(({ loaded }) => loaded).map(({ name }) => `${name.padEnd(24)} 0    100\n`);
  return `Name                     Used Size (kb)\n${rows.join("")}`;
}

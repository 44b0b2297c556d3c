/** The simulated programs by name. Each is loaded when it is called: a start of Node is what a command costs here. */
import { CommandFailure } from "../failure.ts";
import type { Program } from "./call.ts";

const PROGRAMS: Readonly<Record<string, () => Promise<Program>>> = {
  boot: async () => (await import("./boot.ts")).boot,
  esxcli: async () => (await import("./esxcli.ts")).esxcli,
  localcli: async () => (await import("./esxcli.ts")).esxcli,
  "vim-cmd": async () => (await import("./vim-cmd.ts")).vimCmd,
  vmkfstools: async () => (await import("./vmkfstools.ts")).vmkfstools,
  partedUtil: async () => (await import("./partition.ts")).partedUtil,
  vmkload_mod: async () => (await import("./modules.ts")).vmkloadMod,
  "esxcfg-module": async () => (await import("./modules.ts")).esxcfgModule,
  "esxcfg-scsidevs": async () => (await import("./esxcfg.ts")).esxcfgScsidevs,
  "esxcfg-rescan": async () => (await import("./esxcfg.ts")).esxcfgRescan,
  "esxcfg-vmknic": async () => (await import("./esxcfg.ts")).esxcfgVmknic,
  "esxcfg-nics": async () => (await import("./esxcfg.ts")).esxcfgNics,
  vsish: async () => (await import("./vsish.ts")).vsish,
  esxtop: async () => (await import("./esxtop.ts")).esxtop,
  vmkping: async () => (await import("./vmkping.ts")).vmkping,
  reboot: async () => (await import("./reboot.ts")).reboot,
  halt: async () => (await import("./reboot.ts")).reboot,
  poweroff: async () => (await import("./reboot.ts")).reboot,
  "auto-backup.sh": async () => (await import("./auto-backup.ts")).autoBackup,
  vmware: async () => (await import("./vmware.ts")).vmware,
};

/** Those that a session can call. */
export const PROGRAM_NAMES: readonly string[] = Object.keys(PROGRAMS).filter((name) => name !== "boot");

export async function loadProgram(name: string): Promise<Program> {
  const load = PROGRAMS[name];
  if (load === undefined) throw new CommandFailure(`${name} is not simulated`, 127);
  return await load();
}

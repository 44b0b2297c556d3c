import { runEsxcli } from "../esxcli/run.ts";
import { syncMounts } from "../world/mounts.ts";
import type { ProgramCall } from "./call.ts";
import { goDown } from "./reboot.ts";

/** esxcli, and localcli, which answers as well while hostd is down. */
export function esxcli({ name, args, write, change }: ProgramCall): void {
  const program = name === "localcli" ? "localcli" : "esxcli";
  const { printed, goesDown } = change((state) => {
    const answer = runEsxcli(program, args, state, Date.now());
    syncMounts(state);
    return { printed: answer, goesDown: state.power !== "on" };
  });
  write(printed);
  if (goesDown) goDown();
}

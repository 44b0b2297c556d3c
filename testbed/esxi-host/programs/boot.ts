import { bootState } from "../state/reboot.ts";
import { syncMounts } from "../world/mounts.ts";
import type { ProgramCall } from "./call.ts";

/** What the VMkernel does before anything else; only the first process of the host calls it. */
export function boot({ change, write }: ProgramCall): void {
  write(
    change((state) => {
      const told = bootState(state, Date.now());
      syncMounts(state);
      return told;
    }),
  );
}

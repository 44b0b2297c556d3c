import type { ProgramCall } from "./call.ts";

const FIRST_PROCESS = 1;
/** The session that asked for it still gets its answer. */
const GRACE_MS = 200;

/** reboot, halt and poweroff: the first process ends, and with it all others of the host. */
export function reboot({ name, change }: ProgramCall): void {
  change((state) => {
    state.power = name === "reboot" ? "rebooting" : "off";
  });
  goDown();
}

export function goDown(): void {
  setTimeout(() => process.kill(FIRST_PROCESS, "SIGTERM"), GRACE_MS);
}

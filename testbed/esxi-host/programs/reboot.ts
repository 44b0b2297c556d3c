import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "../failure.ts";
import type { ProgramCall } from "./call.ts";

const FIRST_PROCESS = 1;
/** The session that asked for it still gets its answer. */
const GRACE_MS = 200;

/** reboot, halt and poweroff: the first process ends, and with it all others of the host. */
export async function reboot({ name, change }: ProgramCall): Promise<void> {
  change((state) => {
    state.power = name === "reboot" ? "rebooting" : "off";
  });
  await goDown();
}

export async function goDown(): Promise<void> {
  await sleep(GRACE_MS);
  if (!process.kill(FIRST_PROCESS, "SIGTERM")) throw new CommandFailure("the host cannot go down");
}

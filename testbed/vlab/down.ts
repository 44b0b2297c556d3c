import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { namesOf } from "./plan.ts";
import { namespaceFile, removeNetwork } from "./network.ts";
import { agentPlace, guestPlaces } from "./places.ts";
import { end } from "./processes.ts";
import { hasState, readState, removeState } from "./state.ts";

/** Whether there may be anything to take down; a folder of something else is left as it is. */
export function mayBeVlab(folder: string): boolean {
  return existsSync(join(folder, "guests")) || hasState(folder) || existsSync(namespaceFile(namesOf(folder)));
}

/**
 * Ends every guest and removes the networks, whatever of them there is. Consoles stay, and so do the lab's keys, its files
 * and runs. True when there was anything.
 */
export async function takeDown(folder: string): Promise<boolean> {
  const names = namesOf(folder);
  const state = await readState(folder);
  const found = state !== undefined || existsSync(namespaceFile(names));
  // By pid first: a guest whose namespace somebody has taken away is in none that `ip` can list.
  for (const guest of Object.values(state?.processes ?? {})) await end(guest);
  await removeNetwork(names);
  const { guests = [], hypervisor } = state?.plan ?? {};
  for (const { id } of [...guests, ...(hypervisor ? [hypervisor] : [])]) {
    const { disk, share, shell, pidFile, qmp } = guestPlaces(folder, id);
    for (const path of [disk, share, shell, pidFile, qmp]) await rm(path, { recursive: true, force: true });
  }
  await rm(agentPlace(folder), { recursive: true, force: true });
  await removeState(folder);
  return found;
}

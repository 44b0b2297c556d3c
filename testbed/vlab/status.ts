import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { processesIn } from "./network.ts";
import { guestPlaces } from "./places.ts";
import { isAlive } from "./processes.ts";
import { readState, type VlabState } from "./state.ts";

export interface VlabStatus {
  readonly state: VlabState;
  readonly guests: readonly GuestStatus[];
}

export interface GuestStatus {
  readonly id: string;
  readonly runs: boolean;
  readonly pid: number | undefined;
  readonly roles: readonly string[];
  readonly management: string;
  readonly data: string;
  readonly clockSeconds: number;
  readonly console: string;
}

/** Throws `not-found` when no virtual lab is up there. */
export async function lookAt(folder: string): Promise<VlabStatus> {
  const state = await readState(folder);
  if (!state)
    throw new SalvoError("not-found", "no virtual lab is up here", {
      file: folder,
      remedy: `Type: salvo vlab up --dir ${folder}`,
    });
  const there = await processesIn(state.plan);
  const { guests: machines, hypervisor } = state.plan;
  const all = [...machines, ...(hypervisor ? [{ ...hypervisor, clockSeconds: 0 }] : [])];
  const guests = all.map(async ({ id, roles, management, data, clockSeconds }) => {
    const machine = state.processes[id];
    const runs = machine !== undefined && there.includes(machine.pid) && (await isAlive(machine));
    const { console } = guestPlaces(folder, id);
    return { id, roles, management, data, clockSeconds, runs, pid: machine?.pid, console };
  });
  return { state, guests: await Promise.all(guests) };
}

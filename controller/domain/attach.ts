/** What a scenario that a hypervisor attaches for must say, and what it cannot have. Pure. */
import type { Lab } from "@salvo/proto/lab_pb.ts";
import { GuestDisk, Transport } from "@salvo/proto/storage_pb.ts";
import type { ScenarioStorage } from "@salvo/proto/study_pb.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";
import { guestsOf, isGiven } from "./guests.ts";

/** at: where the scenario's storage is in the study. */
export function attachViolations(storage: ScenarioStorage, at: string, lab: Lab): Violation[] {
  const { disk, transport } = storage;
  const say = (key: string, message: string): Violation => ({ path: `${at}.${key}`, message });
  if (!isGiven(storage))
    return disk === GuestDisk.UNSPECIFIED
      ? []
      : [say("disk", "works only with attach: hypervisor, because a guest that attaches itself gets its LUN as it is")];
  return [
    ...(disk === GuestDisk.UNSPECIFIED
      ? [say("disk", "is missing, and attach is hypervisor: write rdm for whole LUNs, or vmdk for files on them")]
      : []),
    ...(transport === Transport.LOCAL
      ? [say("transport", "is local, which only the target's own host has: a hypervisor attaches over a network")]
      : []),
    ...sharedMachines(storage, at, lab),
  ];
}

/** Two agents cannot be in one virtual machine: each waits for a disk, and only one comes. */
function sharedMachines(storage: ScenarioStorage, at: string, lab: Lab): Violation[] {
  const first = new Map<string, string>();
  return guestsOf(storage, lab).flatMap(({ id, hypervisor }) => {
    if (!hypervisor) return []; // said of the guest
    const place = `${hypervisor.vm} of ${hypervisor.agent}`;
    const other = first.get(place);
    if (other === undefined) first.set(place, id);
    if (other === undefined || other === id) return [];
    const message = `have two agents of one virtual machine: ${other} and ${id} are both in ${place} in lab ${lab.name}`;
    return [{ path: `${at}.guests`, message }];
  });
}

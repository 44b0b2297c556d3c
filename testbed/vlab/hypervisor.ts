/** The agent beside the guests' QEMU: a process of this machine in the lab's network namespace, which gives disks to the guests. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { stringify } from "yaml";
import { must } from "./command.ts";
import { type GuestOptions, hasDisksGiven } from "./guest.ts";
import { guestPlaces } from "./places.ts";
import { AGENT_PORT, type HostPlan, TARGET } from "./plan.ts";
import { identify, type ProcessIdentity } from "./processes.ts";

/** In a session of its own, so that it outlives `salvo`; `ip netns exec` shows it the links of the lab's network in /sys. */
const START = `setsid ip netns exec "$1" "$2" "$3" join --controller "$4" --token-file token --config agent.yaml --serve \
  </dev/null >>"$5" 2>&1 & echo $!`;

/** It runs when this returns. Its files are as a guest's, and all that it keeps is in its share. */
export async function startHypervisor(
  hypervisor: HostPlan,
  { folder, plan, lab, agent, enrolment }: GuestOptions,
  { signal }: Waiting,
): Promise<ProcessIdentity> {
  const { home, share, console, token } = guestPlaces(folder, hypervisor.id);
  await rm(home, { recursive: true, force: true });
  await mkdir(share, { recursive: true, mode: 0o700 });
  const vms = plan.guests
    .filter((guest) => hasDisksGiven(guest, plan))
    .map(({ id }) => ({ name: id, qmp: guestPlaces(folder, id).qmp }));
  const file = {
    id: hypervisor.id,
    listen: `${hypervisor.management}:${AGENT_PORT}`,
    dataDir: "data",
    identityDir: "identity",
    lunsOf: [TARGET],
    kvm: { vms },
  };
  await writeFile(`${share}/agent.yaml`, stringify(file));
  const roles = [...hypervisor.roles];
  await replaceFile(token, await lab.createToken({ agent: hypervisor.id, roles }, Date.now()));
  const args = [plan.namespace, process.execPath, agent, enrolment, console];
  // Otherwise it may be ended with the shell's group, before it has a session of its own.
  const options = { cwd: share, ownGroup: false, ...(signal && { signal }) };
  const pid = Number(await must("sh", ["-c", START, "sh", ...args], options));
  const found = await identify(pid);
  if (found) return found;
  throw new SalvoError("program-failed", `${hypervisor.id} ended as soon as it was started`, { file: console });
}

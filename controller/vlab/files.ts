/** The lab and study file of a virtual lab. */
import { stringify } from "yaml";
import { AGENT_PORT, type LabPlan } from "./plan.ts";

/** How the files begin; without it a lab file is somebody else's. */
export const WRITTEN_BY_US = "# Written by `salvo vlab up` at every start";

export function labFile({ lab, host, guests }: LabPlan): string {
  const agents = guests.map(({ id, management, data, roles }) => ({
    id,
    address: `${management}:${AGENT_PORT}`,
    storageAddresses: [data],
    roles,
  }));
  return `${WRITTEN_BY_US}: changes are lost.\n${stringify({ name: lab, host, agents })}`;
}

/** Little load: the guests' processors are emulated, and measure the emulation. */
export function studyFile({ lab, guests }: LabPlan): string {
  const participants = guests
    .filter(({ roles }) => roles.includes("initiator"))
    .map(({ id }) => ({ agent: id, device: "scratch" }));
  const load = { blockSize: "4KiB", jobs: 1, queueDepth: 4, rateIopsPerJob: 200, ramp: "1s", duration: "5s" };
  return `${WRITTEN_BY_US}; copy it to change it. The guests' own disks, not yet the target's.
${stringify({
  name: lab,
  description: "What the guests' own disks and their load generators do",
  interval: "1s",
  scenarios: [{ name: "own-disk", participants }],
  workloads: [
    { name: "4k-randread", pattern: "randread", ...load },
    { name: "null", pattern: "randread", ...load, engine: "null" },
  ],
})}`;
}

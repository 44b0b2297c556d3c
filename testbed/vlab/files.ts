/** The lab and study file of a virtual lab. */
import { stringify } from "yaml";
import { AGENT_PORT, type LabPlan, TARGET } from "./plan.ts";

/** How the files begin; without it a lab file is somebody else's. */
export const WRITTEN_BY_US = "# Written by `salvo vlab up` at every start";

export function labFile({ lab, host, guests, hypervisor }: LabPlan): string {
  const agents = [...guests, ...(hypervisor ? [hypervisor] : [])].map(({ id, management, data, roles }) => ({
    id,
    address: `${management}:${AGENT_PORT}`,
    storageAddresses: [data],
    roles,
    ...(hypervisor && id !== TARGET && id !== hypervisor.id && { hypervisor: { agent: hypervisor.id, vm: id } }),
  }));
  return `${WRITTEN_BY_US}: changes are lost.\n${stringify({ name: lab, host, agents })}`;
}

/** Little load: the guests' processors are emulated, and measure the emulation. */
export function studyFile({ lab, hypervisor }: Pick<LabPlan, "lab" | "hypervisor">): string {
  const load = { jobs: 1, queueDepth: 2, rateIopsPerJob: 100, ramp: "1s", duration: "5s" };
  const small = { blockSize: "4KiB", ...load };
  const large = { blockSize: "64KiB", ...load };
  const volume = { kind: "ram", size: "32MiB" };
  const scenario = (transport: string) => ({ name: transport, storage: { target: TARGET, transport, volume } });
  const rdm = {
    name: "rdm",
    storage: { target: TARGET, transport: "iscsi", attach: "hypervisor", disk: "rdm", volume },
  };
  return `${WRITTEN_BY_US}; copy it to change it.
${stringify(
  {
    name: lab,
    description: "iSCSI over TCP and over RDMA, each guest with a LUN of its own, and little load",
    interval: "1s",
    scenarios: [...["iscsi", "iser"].map(scenario), ...(hypervisor ? [rdm] : [])],
    workloads: [
      { name: "4k-randread", pattern: "randread", ...small },
      { name: "4k-randwrite", pattern: "randwrite", ...small },
      { name: "64k-read", pattern: "read", ...large },
      { name: "64k-write", pattern: "write", ...large },
    ],
  },
  { aliasDuplicateObjects: false },
)}`;
}

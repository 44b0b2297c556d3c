/** Who is in a virtual lab and where: names that no other folder's lab has, addresses, clocks. Pure. */
import { createHash } from "node:crypto";

/** Where an agent of the lab is. */
export interface HostPlan {
  readonly id: string;
  readonly roles: readonly string[];
  /** On the network on which the controller is reached. */
  readonly management: string;
  /** On the network of the storage, which leads nowhere else. */
  readonly data: string;
}

export interface GuestPlan extends HostPlan {
  readonly taps: { readonly management: string; readonly data: string };
  /** How far its clock is set from the host's. */
  readonly clockSeconds: number;
}

export interface LabPlan {
  readonly lab: string;
  readonly namespace: string;
  /** The host's end of the management network. */
  readonly link: string;
  /** 10.213.SUBNET.0/24 for management, 10.214.SUBNET.0/24 for data. */
  readonly subnet: number;
  /** Where guests reach the controller. */
  readonly host: string;
  readonly guests: readonly GuestPlan[];
  /** An agent of this machine itself, in the lab's network, which gives disks to the guests through their QEMU. */
  readonly hypervisor?: HostPlan;
}

export interface LabShape {
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly lab: string;
  /** Besides the target. */
  readonly guests: number;
  readonly subnet: number;
  readonly hypervisor?: boolean;
}

/** The id of the guest that exports. */
export const TARGET = "target";
/** The id of the agent beside the guests' QEMU. */
export const HYPERVISOR = "hypervisor";
export const AGENT_PORT = 7400;
export const GUESTS_MAX = 32;
const SUBNETS = 256;
const HYPERVISOR_HOST = 2;
const FIRST_GUEST = 10;
/** One behind, the next ahead, and no two at the same distance; far below what a certificate forgives. */
const CLOCK_FIRST_S = 5;
const CLOCK_STEP_S = 4;

export function planLab({ folder, lab, guests, subnet, hypervisor = false }: LabShape): LabPlan {
  const ids = [TARGET, ...Array.from({ length: guests }, (_, index) => `guest${index + 1}`)];
  return {
    lab,
    ...namesOf(folder),
    subnet,
    host: `10.213.${subnet}.1`,
    guests: ids.map((id, index) => ({
      id,
      // The target's host is an initiator too: of what it exports to itself, over no network.
      roles: id === TARGET ? ["workload", "target", "initiator"] : ["workload", "initiator"],
      management: `10.213.${subnet}.${FIRST_GUEST + index}`,
      data: `10.214.${subnet}.${FIRST_GUEST + index}`,
      taps: { management: `m${index}`, data: `d${index}` },
      clockSeconds: (index % 2 === 0 ? -1 : 1) * (CLOCK_FIRST_S + index * CLOCK_STEP_S),
    })),
    ...(hypervisor && {
      hypervisor: {
        id: HYPERVISOR,
        roles: ["initiator", "hypervisor"],
        management: `10.213.${subnet}.${HYPERVISOR_HOST}`,
        data: `10.214.${subnet}.${HYPERVISOR_HOST}`,
      },
    }),
  };
}

/** A function of the folder's path alone, so that they are found again when the state is lost. At most 15 bytes: IFNAMSIZ. */
export function namesOf(folder: string): { readonly namespace: string; readonly link: string } {
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return { namespace: `salvo-vlab-${hash}`, link: `salvo${hash}` };
}

/** Each folder begins its search elsewhere, so that labs that are made at once seldom meet. Undefined when none is free. */
export function freeSubnet(folder: string, inUse: (subnet: number) => boolean): number | undefined {
  const start = createHash("sha256").update(folder).digest()[0] ?? 0;
  return Array.from({ length: SUBNETS }, (_, step) => (start + step) % SUBNETS).find((subnet) => !inUse(subnet));
}

/** Whether 10.213.SUBNET.0/24 meets a network, like 10.0.0.0/8. */
export function meets(subnet: number, network: string): boolean {
  const [address = "", bits = "32"] = network.split("/");
  const length = Math.min(24, Number(bits));
  return length > 0 && prefix(`10.213.${subnet}.0`, length) === prefix(address, length);
}

function prefix(address: string, bits: number): number {
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return Math.floor(value / 2 ** (32 - bits));
}

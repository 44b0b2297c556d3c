/**
 * A lab's networks, all in a network namespace of its own: the guests' taps, a bridge for management and one for data. A pair
 * of virtual links leads from the management bridge to the host; the data bridge leads nowhere. With the namespace all of it goes.
 */
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { must } from "./command.ts";
import { freeSubnet, type LabPlan, meets } from "./plan.ts";
import { end, identify } from "./processes.ts";

type Names = Pick<LabPlan, "namespace" | "link">;

export const DATA_MTU = 9000;
const EMPTY_MS = 30_000;
const LOOK_MS = 20;

/** `ip netns` keeps them here. */
export function namespaceFile({ namespace }: Pick<LabPlan, "namespace">): string {
  return join("/run/netns", namespace);
}

/** Throws `out-of-resources` when everything in 10.213.0.0/16 is taken or routed. */
export async function findSubnet(folder: string): Promise<number> {
  const routes: { dst?: string }[] = JSON.parse(await must("ip", ["-json", "-4", "route", "show", "table", "all"]));
  const networks = routes.flatMap(({ dst }) => (dst === undefined || dst === "default" ? [] : [dst]));
  const found = freeSubnet(folder, (subnet) => networks.some((network) => meets(subnet, network)));
  if (found !== undefined) return found;
  throw new SalvoError("out-of-resources", "this host uses or routes all of 10.213.0.0/16, where virtual labs are", {
    remedy: "Take labs down that are not needed, or remove the route (ip route)",
  });
}

/** Throws `wrong-state` when there is a namespace of that name. */
export async function makeNetwork(plan: LabPlan, { signal }: Waiting): Promise<void> {
  const { namespace, link, host, guests, hypervisor } = plan;
  if (existsSync(namespaceFile(plan)))
    throw new SalvoError("wrong-state", `there is a network namespace ${namespace} already`, {
      remedy: "It is of a lab in this folder that was not taken down: type salvo vlab down",
    });
  await must("ip", ["netns", "add", namespace], { ...(signal && { signal }) });
  await batch(
    [],
    [
      `link add ${link} type veth peer name host netns ${namespace}`,
      `address add ${host}/24 dev ${link}`,
      `link set ${link} up`,
    ],
  );
  await batch(
    ["-netns", namespace],
    [
      "link set lo up",
      "link add management type bridge",
      "link set host master management up",
      "link add data type bridge",
      ...guests.flatMap(({ taps }) => [
        `tuntap add dev ${taps.management} mode tap`,
        `link set ${taps.management} master management up`,
        `tuntap add dev ${taps.data} mode tap`,
        `link set ${taps.data} mtu ${DATA_MTU} master data up`,
      ]),
      `link set data mtu ${DATA_MTU}`,
      "link set management up",
      "link set data up",
      ...(hypervisor
        ? [`address add ${hypervisor.management}/24 dev management`, `address add ${hypervisor.data}/24 dev data`]
        : []),
    ],
  );
}

/** Whether another link of this host got the same addresses at the same moment, and is the one that keeps them. */
export function mustYield({ link, subnet }: Pick<LabPlan, "link" | "subnet">, links = networkInterfaces()): boolean {
  return Object.entries(links).some(
    ([name, addresses]) => name < link && addresses?.some(({ address }) => address.startsWith(`10.213.${subnet}.`)),
  );
}

/** Whatever runs in the namespace is ended with it: nothing but the lab's own was ever put there. */
export async function removeNetwork(names: Names): Promise<void> {
  if (existsSync(namespaceFile(names))) {
    // Until none is left: one that was just being started may have started another.
    using signal = deadline(EMPTY_MS, `ending what runs in the network namespace ${names.namespace}`);
    for (let pids = await processesIn(names); pids.length > 0; pids = await processesIn(names)) {
      for (const pid of pids) {
        const found = await identify(pid);
        if (found) await end(found);
      }
      await sleep(LOOK_MS, { signal });
    }
    await must("ip", ["netns", "delete", names.namespace]);
  }
  // The kernel takes the pair away a little after the namespace. One that never got its other end is still here.
  if (networkInterfaces()[names.link] || existsSync(join("/sys/class/net", names.link)))
    await must("ip", ["link", "delete", names.link]).catch((error: unknown) => {
      if (existsSync(join("/sys/class/net", names.link))) throw error;
    });
}

export async function processesIn({ namespace }: Pick<LabPlan, "namespace">): Promise<number[]> {
  if (!existsSync(namespaceFile({ namespace }))) return [];
  return (await must("ip", ["netns", "pids", namespace])).split("\n").filter(Boolean).map(Number);
}

async function batch(where: readonly string[], lines: readonly string[]): Promise<void> {
  await must("ip", [...where, "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

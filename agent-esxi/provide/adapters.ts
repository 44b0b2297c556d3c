/**
 * Adapters of iSCSI: the software adapter, and one of iSER for each RDMA device on which it is enabled. The host chooses their names
 * (vmhba64), so a plan speaks of them by what they are, and their names are looked up when it is done.
 */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Facts } from "./facts.ts";

/** "software iSCSI", or an RDMA device: "vmrdma0". Another adapter's is its name. */
export type AdapterRef = string;

export const SOFTWARE: AdapterRef = "software iSCSI";

export interface Adapter {
  /** vmhba64 */
  readonly name: string;
  readonly ref: AdapterRef;
  readonly driver: string;
}

export async function readAdapters(facts: Facts): Promise<Adapter[]> {
  const adapters = await facts.list("iscsi adapter list");
  const uplinks = await uplinkOfAdapters(facts);
  const devices = await deviceOfUplinks(facts);
  return adapters.map((each) => {
    const [name, driver] = [each.text("Adapter"), each.text("Driver")];
    if (driver === "iscsi_vmk") return { name, driver, ref: SOFTWARE };
    const device = devices.get(uplinks.get(name) ?? "");
    return { name, driver, ref: driver === "iser" && device !== undefined ? device : name };
  });
}

/** Throws `wrong-state` when the host has none. */
export async function adapterName(ref: AdapterRef, facts: Facts): Promise<string> {
  const adapters = await readAdapters(facts);
  const found = adapters.find((each) => each.ref === ref);
  if (found) return found.name;
  const there = adapters.map(({ name, driver }) => `${name} (${driver})`).join(", ") || "none";
  throw new SalvoError("wrong-state", `the host has no adapter of ${ref}; its iSCSI adapters: ${there}`, {
    host: facts.host,
  });
}

async function uplinkOfAdapters(facts: Facts): Promise<Map<string, string>> {
  const ports = await facts.list("iscsi physicalnetworkportal list");
  return new Map(ports.map((port) => [port.text("Adapter"), port.text("Vmnic")]));
}

async function deviceOfUplinks(facts: Facts): Promise<Map<string, string>> {
  const devices = await facts.list("rdma device list");
  return new Map(devices.map((device) => [device.textIfAny("Paired Uplink"), device.text("Name")]));
}

/** Its only uplink is the interface that a device is paired with. */
export async function uplinkOfDevice(device: string, facts: Facts): Promise<string> {
  const devices = await facts.list("rdma device list");
  const found = devices.find((each) => each.text("Name") === device);
  if (found) return found.text("Paired Uplink");
  const there = devices.map((each) => each.text("Name")).join(", ") || "none";
  throw new SalvoError("refused", `the host has no RDMA device ${device}; its RDMA devices: ${there}`, {
    host: facts.host,
    remedy: "Install the driver of the network card and start the host anew, or name another device",
  });
}

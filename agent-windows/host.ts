import { create } from "@bufbuild/protobuf";
import { type Host, HostSchema } from "@salvo/proto/agent_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { cpus, hostname, release, totalmem, version } from "node:os";
import { hostNotes } from "./host-notes.ts";
import type { Json } from "./powershell/answer.ts";
import type { PowerShell } from "./powershell/bridge.ts";

/** The inventory: what Node knows, and what only PowerShell can ask. */
export async function describeHost(powerShell: PowerShell, dataFolder: string): Promise<Host> {
  const cores = cpus();
  return create(HostSchema, {
    name: hostname(),
    os: version(), // the product: "Windows Server 2019 Datacenter"
    kernel: release(), // its build: "10.0.17763"
    cpu: cores[0]?.model.trim() ?? "",
    cores: cores.length,
    memoryBytes: BigInt(totalmem()),
    virtualization: await virtualizationOf(powerShell),
    nodeVersion: process.version,
    notes: await notesOf(powerShell, dataFolder),
  });
}

/** Empty would say that this is hardware: a host that cannot be asked is not known. */
async function virtualizationOf(powerShell: PowerShell): Promise<string> {
  try {
    return hypervisorOf(await powerShell.call("host-facts", {}));
  } catch (error) {
    if (toSalvoError(error).kind === "internal") throw error;
    return "unknown";
  }
}

async function notesOf(powerShell: PowerShell, dataFolder: string): Promise<string[]> {
  try {
    return hostNotes(await powerShell.call("host-notes", {}), dataFolder);
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    if (kind === "internal") throw error;
    return [`the host's settings are not known: ${message}`];
  }
}

/** What guests say that their maker is (Win32_ComputerSystem), and the name that Linux has for it. */
const GUESTS: readonly (readonly [RegExp, string])[] = [
  [/VMware/i, "vmware"],
  [/Microsoft Corporation.*Virtual Machine/i, "microsoft"],
  [/QEMU|KVM|Red Hat|oVirt/i, "kvm"],
  [/innotek|VirtualBox/i, "oracle"],
  [/Xen/i, "xen"],
];

/** A host of Hyper-V has a hypervisor below it too, and is no guest: then it is not known. Empty: hardware. */
export function hypervisorOf({ manufacturer, model, hypervisorPresent }: Json): string {
  const maker = [manufacturer, model].filter((word) => typeof word === "string").join(" ");
  const guest = GUESTS.find(([pattern]) => pattern.test(maker));
  if (guest) return guest[1];
  return hypervisorPresent === false ? "" : "unknown";
}

/** StarWind RAM Disk, a product of its own: the NUMA node that its service's process runs on. Windows forgets it with the process. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { PowerShell } from "../powershell/bridge.ts";
import type { Affinity } from "../win32/affinity.ts";
import type { NumaNode } from "../win32/numa.ts";

const PROCESS = "StarRAMService";

/** Windows' own calls. */
export interface Processors {
  /** Undefined when Windows does not tell. */
  readonly nodes: () => readonly NumaNode[] | undefined;
  readonly read: (pid: number) => Affinity;
  readonly set: (pid: number, mask: bigint) => Affinity;
}

/** Undefined when it does not run, or is on no single node. */
export async function ramDiskNode(powerShell: PowerShell, processors: Processors): Promise<number | undefined> {
  const [pid, ...others] = await processIds(powerShell);
  if (pid === undefined || others.length > 0) return undefined;
  const { mask } = processors.read(pid);
  return processors.nodes()?.find((node) => node.mask === mask)?.node;
}

/** Throws `refused` when that cannot be known to be right: then the process stays where it is. */
export async function pinRamDisk(node: number, powerShell: PowerShell, processors: Processors): Promise<void> {
  const [pid, ...others] = await processIds(powerShell);
  if (pid === undefined || others.length > 0)
    throw new SalvoError("refused", `there are ${pid === undefined ? "no" : others.length + 1} processes ${PROCESS}`, {
      remedy: "Install and start StarWind RAM Disk, or leave ramDiskNode out of the agent's own file",
    });
  const nodes = processors.nodes();
  const wanted = nodes?.find((each) => each.node === node);
  if (!nodes || !wanted)
    throw new SalvoError("refused", `Windows tells no processors of NUMA node ${node}`, {
      remedy: "Leave ramDiskNode out of the agent's own file",
    });
  if (new Set(nodes.map(({ group }) => group)).size > 1)
    throw new SalvoError("refused", "this host has several processor groups, and a mask is of one of them alone", {
      remedy: "Leave ramDiskNode out of the agent's own file, and set the affinity by hand",
    });
  processors.set(pid, wanted.mask);
}

async function processIds(powerShell: PowerShell): Promise<number[]> {
  const { ids } = await powerShell.call("process-ids", { Name: PROCESS });
  if (Array.isArray(ids) && ids.every((id) => typeof id === "number")) return ids;
  throw new SalvoError("program-failed", `the script process-ids answered without ids of ${PROCESS}`);
}

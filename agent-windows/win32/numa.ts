/** The processors of each NUMA node. */
import { layout, readField } from "./layout.ts";
import { kernel32 } from "./library.ts";

/** winnt.h. */
export const GROUP_AFFINITY = layout("GROUP_AFFINITY", 16, { Mask: [0, "u64"], Group: [8, "u16"] });

export interface NumaNode {
  readonly node: number;
  readonly group: number;
  readonly mask: bigint;
}

/** The calls that this needs of Windows. */
export interface NumaQueries {
  /** Undefined when Windows does not tell. */
  highestNode(): number | undefined;
  /** Fills a GROUP_AFFINITY; false when Windows does not tell. */
  affinityOf(node: number, affinity: Buffer): boolean;
}

/**
 * Undefined when Windows does not tell the processors of every node: then nobody may be put on one of them. Nodes without
 * processors, as memory alone makes them, are left out.
 */
export function readNumaNodes(queries: NumaQueries = windowsQueries()): readonly NumaNode[] | undefined {
  const highest = queries.highestNode();
  if (highest === undefined) return undefined;
  const nodes: NumaNode[] = [];
  for (let node = 0; node <= highest; node++) {
    const affinity = Buffer.alloc(GROUP_AFFINITY.bytes);
    if (!queries.affinityOf(node, affinity)) return undefined;
    const mask = affinity.readBigUInt64LE(GROUP_AFFINITY.fields.Mask[0]);
    if (mask !== 0n) nodes.push({ node, group: readField(affinity, GROUP_AFFINITY, "Group"), mask });
  }
  return nodes.length > 0 ? nodes : undefined;
}

function windowsQueries(): NumaQueries {
  const highest = kernel32.func<(node: number[]) => number>("int GetNumaHighestNodeNumber(_Out_ uint32_t *node)");
  const mask = kernel32.func<(node: number, affinity: Buffer) => number>(
    "int GetNumaNodeProcessorMaskEx(uint16_t node, void *affinity)",
  );
  return {
    highestNode() {
      const node = [0];
      return highest(node) === 0 ? undefined : node[0];
    },
    affinityOf: (node, affinity) => mask(node, affinity) !== 0,
  };
}

/** What else targets need: the NUMA nodes of its targets and of StarWind RAM Disk, and iSER. */
import type { StarWind } from "@salvo/proto/agent_file_pb.ts";
import type { Found, Piece } from "./piece.ts";

export const iserId = (address: string) => `iser ${address}`;

export interface BaseFacts {
  /** What StarWind.cfg says. */
  readonly targetsNode: string | undefined;
  /** The node that all processes of StarWind RAM Disk are on. */
  readonly ramDiskNode: number | undefined;
  readonly iserAddresses: readonly string[];
}

/** Whoever put them there, they are as this agent's own file wants them: then nothing is to be done. */
export function wantedBase({ targetsNode, ramDiskNode }: StarWind): Piece[] {
  return [
    ...(ramDiskNode === undefined ? [] : [ramDiskPiece(ramDiskNode)]),
    ...(targetsNode === undefined ? [] : [targetsNodePiece(targetsNode)]),
  ];
}

export function foundBase({ targetsNode, ramDiskNode, iserAddresses }: BaseFacts): Found[] {
  return [
    ...(ramDiskNode === undefined ? [] : [ramDiskPiece(ramDiskNode)]),
    ...(targetsNode !== undefined && /^\d+$/.test(targetsNode) ? [targetsNodePiece(Number(targetsNode))] : []),
    ...iserAddresses.map(iserPiece),
  ];
}

function targetsNodePiece(node: number): Piece {
  return {
    id: `targets on NUMA node ${node}`,
    kind: "node",
    text: `node="${node}" for targets in StarWind.cfg`,
    needs: [],
    facts: {},
    settings: {},
    make: [{ type: "set-targets-node", node }],
    remove: [],
    shared: "stays",
  };
}

function ramDiskPiece(node: number): Piece {
  return {
    id: `StarRAMService on NUMA node ${node}`,
    kind: "node",
    text: `StarRAMService.exe on the processors of NUMA node ${node}`,
    needs: [],
    facts: {},
    settings: {},
    make: [{ type: "pin-ram-disk", node }],
    remove: [],
    shared: "stays",
  };
}

export function iserPiece(address: string): Piece {
  return {
    id: iserId(address),
    kind: "iser",
    text: `iSER on ${address}`,
    needs: [],
    facts: {},
    settings: {},
    make: [{ type: "allow-iser", address }],
    remove: [{ type: "forbid-iser", address }],
    shared: "goes",
  };
}

/** iSerListen, as a list of addresses. Its form is not confirmed: undefined for anything else. */
export function iserAddresses(value: string): readonly string[] | undefined {
  const parts = value
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  return parts.every((part) => /^[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*$/.test(part)) ? parts : undefined;
}

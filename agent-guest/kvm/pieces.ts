/** Sessions of a virtual machine's own QEMU, and the disks that the machine has by them. */
import type { ExpectedLun } from "@salvo/proto/storage_pb.ts";
import type * as engine from "@salvo/shared/agent/domain/provision/piece.ts";
import type { Machine } from "./machine.ts";
import { givenName, nodeName } from "./names.ts";
import type { KvmOp, Place } from "./op.ts";

export type Piece = engine.Piece<KvmOp>;
export type Found = engine.Found<KvmOp>;

const sessionId = (vm: string, node: string) => `session ${vm} ${node}`;
const givenId = (vm: string, node: string) => `given ${vm} ${node}`;

export interface WantedLun {
  readonly target: string;
  readonly portal: string;
  readonly initiator: string;
  readonly lun: ExpectedLun;
  readonly guest: string;
}

/** In the order in which they can be made. */
export function wantedGiven({ target, portal, initiator, lun, guest }: WantedLun, place: Place): Piece[] {
  const { number, wwn, device } = lun;
  const node = nodeName(target, number);
  const session = { node, portal, target, lun: number, initiator };
  const id = givenName({ guest, device, wwn });
  return [
    { ...sessionBase(place, session), make: [{ type: "open-session", place, session }] },
    { ...givenBase(place, node, { id, guest }), make: [{ type: "give-disk", place, node, device: id }] },
  ];
}

/** Never Salvo's own. */
export function machinePiece({ place, runs }: Machine): Found {
  return {
    id: `machine ${place.vm}`,
    kind: "machine",
    text: `virtual machine ${place.vm}, whose QEMU listens at ${place.qmp}`,
    needs: [],
    facts: {},
    settings: {},
    make: [],
    remove: [],
    ...(!runs && { problem: "it does not run" }),
  };
}

export function foundIn({ place, sessions, disks }: Machine): Found[] {
  return [
    ...sessions.map((session) => ({ ...sessionBase(place, session), make: [] })),
    ...disks.map(({ id, node, guest }) => ({ ...givenBase(place, node, { id, guest }), make: [] })),
  ];
}

interface SessionFacts {
  readonly node: string;
  readonly portal: string;
  readonly target: string;
  readonly lun: number;
}

function sessionBase(place: Place, { node, portal, target, lun }: SessionFacts): Omit<Piece, "make"> {
  return {
    id: sessionId(place.vm, node),
    kind: "session",
    text: `session of ${place.vm}'s QEMU to LUN ${lun} of ${target} at ${portal}: iscsi`,
    needs: [],
    facts: { portal, target, lun: String(lun) },
    settings: {},
    remove: [{ type: "close-session", place, node }],
  };
}

function givenBase(place: Place, node: string, { id, guest }: { id: string; guest: string }): Omit<Piece, "make"> {
  return {
    id: givenId(place.vm, node),
    kind: "given",
    text: `disk of ${place.vm}, for ${guest}: ${id}`,
    needs: [sessionId(place.vm, node)],
    facts: { device: id },
    settings: {},
    remove: [{ type: "take-disk-back", place, device: id }],
  };
}

/** The LUNs behind sessions: that their disks are what the target made, are online, and by which paths MPIO reaches them. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AttachedLunSchema } from "@salvo/proto/initiator_pb.ts";
import { type Attachment, type ExpectedLun, Transport } from "@salvo/proto/storage_pb.ts";
import { isMultipath, loginId } from "./logins.ts";
import type { LunIdentity, Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { type Policy, policyOf } from "./policies.ts";
import type { Disk, InitiatorState } from "./state.ts";

const lunId = (target: string, number: number) => `lun ${target}/${number}`;

export function wantedLun(attachment: Attachment, expected: ExpectedLun): Piece {
  const { target, portals, sessions, multipath } = attachment;
  const { number, wwn, serial, sizeBytes } = expected;
  const lun = { target, lun: number, wwn, serial, sizeBytes, paths: portals.length * sessions };
  const policy = isMultipath(attachment) ? policyOf(multipath) : undefined;
  const awaiting: Op = { type: "await-lun", ...lun };
  return {
    ...base(lun, { offline: false, policy }),
    needs: portals.map((portal) => loginId(target, portal)),
    make: [awaiting, ...(policy ? [{ type: "set-policy", policy, ...lun } as const] : [])],
  };
}

/** A disk, and how it is reached. */
export interface AttachedDisk {
  readonly target: string;
  readonly lun: number;
  readonly disk: Disk;
  /** Of the sessions. */
  readonly sessions: InitiatorState["sessions"];
}

export function attachedDisks({ sessions, disks }: InitiatorState): AttachedDisk[] {
  const paths = sessions.flatMap((session) => session.luns.map((each) => ({ session, ...each })));
  const groups = Map.groupBy(paths, ({ session, lun, disk }) => JSON.stringify([session.target, lun, disk]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const disk = disks.find(({ number }) => number === first?.disk);
    if (!first || !disk) return [];
    return [{ target: first.session.target, lun: first.lun, disk, sessions: group.map(({ session }) => session) }];
  });
}

/** Of every target: what was attached for another spec is ours still. */
export function foundLuns(attachments: readonly Attachment[], state: InitiatorState): Found[] {
  return attachedDisks(state).map(({ target, lun, disk, sessions }) => {
    const attachment = attachments.find((each) => each.target === target);
    const expected = attachment?.luns.find(({ number }) => number === lun);
    const policy = state.multipath.disks.find((each) => each.disk === disk.number)?.policy;
    const needs = new Set(sessions.flatMap(({ portals }) => portals.slice(0, 1).map((at) => loginId(target, at))));
    const identity = {
      target,
      lun,
      wwn: disk.wwn,
      // A serial number or size that nobody expects is as it is.
      serial: expected?.serial === "" ? "" : disk.serial,
      sizeBytes: expected?.sizeBytes === 0n ? 0n : disk.sizeBytes,
      paths: sessions.length,
    };
    return {
      ...base(identity, { offline: disk.offline, policy: sessions.length > 1 ? policy : undefined }),
      needs: [...needs],
      make: [],
    };
  });
}

function base(lun: LunIdentity, { offline, policy }: { offline: boolean; policy: string | undefined }) {
  const { target, lun: number, wwn, serial, sizeBytes, paths } = lun;
  const awaiting: Op = { type: "await-lun", ...lun };
  return {
    id: lunId(target, number),
    kind: "lun",
    text: `LUN ${number} of ${target}: ${wwn}${sizeBytes === 0n ? "" : `, ${sizeBytes} B`}${paths > 1 ? `, over ${paths} sessions` : ""}`,
    facts: { wwn, serial, bytes: String(sizeBytes), paths: String(paths) },
    settings: {
      online: { value: offline ? "no" : "yes", ops: [awaiting] },
      ...(policy !== undefined && { policy: { value: policy, ops: setting(policy, lun) } }),
    },
    remove: [],
    follows: true as const,
  };
}

/** One that somebody else has set, and that is none of ours, is only shown. */
function setting(policy: string, lun: LunIdentity): Op[] {
  const own: readonly Policy[] = ["round-robin", "queue-length", "service-time"];
  const ours = own.find((each) => each === policy);
  return ours ? [{ type: "set-policy", policy: ours, ...lun }] : [];
}

/** Every LUN, once for each session to it. */
export function shownLuns(state: InitiatorState): MessageInitShape<typeof AttachedLunSchema>[] {
  return attachedDisks(state).flatMap(({ target, lun, disk, sessions }) => {
    const map = state.multipath.disks.find((each) => each.disk === disk.number);
    return sessions.map(({ id, portals, connected }) => ({
      target,
      transport: Transport.ISCSI,
      ...(portals[0] && { portal: portals[0] }),
      session: id,
      number: lun,
      disk: `PhysicalDrive${disk.number}`,
      wwn: disk.wwn,
      serial: disk.serial,
      sizeBytes: disk.sizeBytes,
      multipath: map ? `MPIO Disk${map.number}` : "",
      state: connected ? "connected" : "no connection",
    }));
  });
}

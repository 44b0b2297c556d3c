/** The LUNs behind sessions: that they are what the target made, one disk of their paths, and what runs may write to. */
import { type Attachment, type ExpectedLun, Multipath } from "@salvo/proto/storage_pb.ts";
import type { DiskIdentity, Target } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { LunIdentity, Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { isNvme } from "@salvo/shared/agent/domain/provision/transports.ts";
import type { TakenLun } from "@salvo/shared/agent/guard/fresh-luns.ts";
import type { Host } from "../provision/host.ts";
import { moduleId } from "../provision/modules.ts";
import { policyModule } from "./base.ts";
import { loginId } from "./logins.ts";
import { mapName, mapUuid, parseMapUuid, policyName } from "./places.ts";
import { recordArgs } from "./records.ts";
import type { Session } from "./sessions.ts";

export const lunId = (target: string, number: number) => `lun ${target}/${number}`;
export const mapId = (wwn: string) => `map ${wwn}`;
export const deviceId = (name: string) => `device ${name}`;

/** In the order in which they can be made. */
export function wantedLuns(attachment: Attachment): Piece[] {
  return attachment.luns.flatMap((lun) => {
    const isMapped = usesMap(attachment);
    return [
      lunPiece(attachment, lun),
      ...(isMapped ? [mapPiece(attachment, lun)] : []),
      ...devicePieces(attachment, lun, isMapped),
    ];
  });
}

/** Of several sessions of iSCSI the device mapper makes one disk; NVMe makes one by itself. */
export function usesMap(attachment: Attachment): boolean {
  const { transport, multipath } = attachment;
  return !isNvme(transport) && pathsOf(attachment) > 1 && multipath !== Multipath.NONE;
}

/** Disks of a LUN: one for each session, and of NVMe one for all. */
function pathsOf({ transport, portals, sessions }: Attachment): number {
  return isNvme(transport) || portals.length === 0 ? 1 : portals.length * sessions;
}

function lunPiece(attachment: Attachment, expected: ExpectedLun): Piece {
  const { target, portals, transport } = attachment;
  const paths = pathsOf(attachment);
  const lun = identityOf(target, expected);
  const rescan = portals.map((portal): Op => ({
    type: "run",
    program: "iscsiadm",
    args: [...recordArgs(target, portal), "--rescan"],
  }));
  return {
    ...lunBase(lun, paths),
    needs: portals.map((portal) => loginId(target, portal)),
    // A LUN that came since the login is not there by itself; NVMe tells of it.
    make: [...(isNvme(transport) ? [] : rescan), { type: "await-lun", paths, ...lun }],
  };
}

/** Of every target: what was attached for another spec is ours still. */
export function foundLuns(
  attachments: readonly Attachment[],
  disks: readonly DiskIdentity[],
  sessions: readonly Session[],
): Found[] {
  const groups = Map.groupBy(disks.filter(isPath), ({ target }) =>
    JSON.stringify([target.value.iqn, target.value.lun]),
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const { iqn: target, lun: number } = first.target.value;
    const wwn = others.every((other) => known(other.wwn) === known(first.wwn)) ? known(first.wwn) : "several";
    const expected = attachments.find((each) => each.target === target)?.luns.find((each) => each.number === number);
    // A size or serial number that nobody expects, as the size of a raw disk, is as it is.
    const bytes = expected?.sizeBytes === 0n ? 0n : known(first.sizeBytes);
    const serial = expected?.serial === "" ? "" : known(first.serial);
    const lun = { target, lun: number, wwn, serial, sizeBytes: bytes };
    const needs = new Set(
      sessions.filter((session) => session.target === target).map((session) => loginId(target, session)),
    );
    if (needs.size === 0 && !expected) return []; // a disk of this host, by somebody's loopback
    return [{ ...lunBase(lun, others.length + 1), needs: [...needs], make: [] }];
  });
}

function lunBase(
  lun: { [K in keyof LunIdentity]: LunIdentity[K] | string },
  paths: number,
): Omit<Piece, "needs" | "make"> {
  const { target, lun: number, wwn, serial, sizeBytes } = lun;
  return {
    id: lunId(target, Number(number)),
    kind: "lun",
    text: `LUN ${number} of ${target}: ${wwn}${sizeBytes === 0n ? "" : `, ${sizeBytes} B`}${paths > 1 ? `, over ${paths} sessions` : ""}`,
    facts: { wwn, serial, bytes: String(sizeBytes), paths: String(paths) },
    settings: {},
    remove: [],
    follows: true,
  };
}

function mapPiece(attachment: Attachment, expected: ExpectedLun): Piece {
  const { target, multipath } = attachment;
  const policy = policyName(multipath);
  const { wwn } = expected;
  const lun = identityOf(target, expected);
  const map = { map: mapName(wwn), uuid: mapUuid(policy, wwn) };
  return {
    ...mapBase(wwn, policy, pathsOf(attachment)),
    needs: [lunId(target, expected.number), moduleId("dm_multipath"), moduleId(policyModule(policy))],
    make: [{ type: "map-paths", ...map, policy, ...lun }],
  };
}

export function foundMaps(host: Host, disks: readonly DiskIdentity[]): Found[] {
  const maps = (host.list("/sys/block") ?? []).filter((name) => name.startsWith("dm-"));
  return maps.flatMap((name) => {
    const made = parseMapUuid(host.read(`/sys/block/${name}/dm/uuid`) ?? "");
    if (!made) return [];
    const slaves = host.list(`/sys/block/${name}/slaves`) ?? [];
    const path = disks.find((disk) => slaves.some((slave) => disk.path === `/dev/${slave}`));
    const target = path && "value" in path.target ? path.target.value : undefined;
    const needs = target ? [lunId(target.iqn, target.lun)] : [];
    return [{ ...mapBase(made.wwn, made.policy, slaves.length), needs, make: [] }];
  });
}

function mapBase(wwn: string, policy: string, paths: number) {
  const remove: Op[] = [{ type: "run", program: "dmsetup", args: ["remove", mapName(wwn)] }];
  return {
    id: mapId(wwn),
    kind: "map",
    text: `one disk of the ${paths} paths to ${wwn}, ${policy}`,
    facts: { policy, paths: String(paths) },
    settings: {},
    remove,
  };
}

function devicePieces(attachment: Attachment, expected: ExpectedLun, isMapped: boolean): Piece[] {
  const { device, number, wwn } = expected;
  if (device === "") return [];
  const { target } = attachment;
  const lun = identityOf(target, expected);
  const sessions = isMapped ? 1 : pathsOf(attachment);
  return Array.from({ length: sessions }, (_, path) => {
    const name = sessions === 1 ? device : `${device}-${path + 1}`;
    const take: Op = { type: "take-lun", device: name, path: isMapped ? "map" : path, ...lun };
    return { ...deviceBase(name, lun), needs: [isMapped ? mapId(wwn) : lunId(target, number)], make: [take] };
  });
}

export function foundDevices(taken: readonly TakenLun[], disks: readonly DiskIdentity[]): Found[] {
  return taken.flatMap(({ device: { name, disk, sizeBytes }, fresh }) => {
    if (!disk || fresh.given) return []; // LUNs alone are taken; and those of another attacher are no business of ours
    const lun = { target: disk.iqn, lun: disk.lun ?? 0, wwn: disk.wwn, serial: disk.serial, sizeBytes };
    const attached = disks.find(({ node }) => node === fresh.node);
    const needs = attached?.paths ? [mapId(disk.wwn)] : [lunId(lun.target, lun.lun)];
    const problem = `device ${fresh.node}, which was taken, is gone`;
    return [{ ...deviceBase(name, lun), needs, make: [], ...(!attached && { problem }) }];
  });
}

function deviceBase(name: string, { target, lun, wwn, serial, sizeBytes }: LunIdentity) {
  const remove: Op[] = [{ type: "forget-lun", device: name }];
  return {
    id: deviceId(name),
    kind: "device",
    text: `device ${name}, which runs may overwrite: LUN ${lun} of ${target}, ${wwn}`,
    facts: { target, lun: String(lun), wwn, serial, bytes: String(sizeBytes) },
    settings: {},
    remove,
  };
}

function identityOf(target: string, { number, wwn, serial, sizeBytes }: ExpectedLun): LunIdentity {
  return { target, lun: number, wwn, serial, sizeBytes };
}

/** A LUN's disks, those of its maps left out, in the order of their sessions. */
export function disksOf(
  { target, lun }: Pick<LunIdentity, "target" | "lun">,
  disks: readonly DiskIdentity[],
): DiskIdentity[] {
  return disks
    .filter(isPath)
    .filter(({ target: of }) => of.value.iqn === target && of.value.lun === lun)
    .toSorted((one, other) => numberIn(one) - numberIn(other));
}

/** A disk of a target, and not a map of several. */
function isPath(disk: DiskIdentity): disk is DiskIdentity & { readonly target: { readonly value: Target } } {
  return !disk.paths && "value" in disk.target && disk.target.value !== undefined;
}

/** The kernel counts on: the disk of a later session has the greater number. 8:16#5 */
function numberIn({ node }: DiskIdentity): number {
  return Number(node.split("#")[1] ?? 0);
}

function known<T>(fact: { readonly value: T } | { readonly unknown: string }): T | string {
  return "value" in fact ? fact.value : "unknown";
}

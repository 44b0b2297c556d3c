/** What the guard refuses, one thing each, for tests. */
import { deviceHash } from "../plan-hash.ts";
import {
  DISK_BYTES,
  fresh,
  given,
  GIVEN_LUN,
  identity,
  LABEL,
  LISTED,
  OTHER,
  OWNERS,
  PLAN,
  question,
  TAKE,
  TAKE_GIVEN,
  TAKEN,
  TARGET,
  USE,
  USE_FRESH,
  USE_GIVEN,
} from "./disk.fixture.ts";
import { known } from "./facts.ts";
import type { Question } from "./judge.ts";
import type { RefusalCode } from "./refusal.ts";

const signature = (type: string) => question({ signatures: known([{ type, offset: 1080n }]) });
export const blank = known({ type: "blank" } as const);
const labelled = (more: object) => question({ label: known({ type: "label", label: { ...LABEL, ...more } }) });
export const unknown = { unknown: "no permission" };
const other = (more: object): Partial<Question> => ({ disks: [identity(), { ...OTHER, ...more }] });

/** A run that was planned for that disk. */
const planned = (...of: Parameters<typeof deviceHash>) =>
  question({}, { purpose: { ...USE, plan: { ...PLAN, deviceHash: deviceHash(...of) } } });

const noTarget = (more: object) => identity({ target: known(undefined), ...more });
const givenDisk = (more: object) => given({ identity: noTarget(more) });
const OF_HV2 = { attacher: "hv2", after: 4 };
const LATER = { attacher: "hv1", after: 5 };

/** What only one rule refuses: without that rule the disk would be written to. */
export const CASES: readonly (readonly [code: RefusalCode, rule: string, what: string, asked: Question])[] = [
  [
    "identity-thin",
    "identity-thin",
    "two keys",
    question({}, { listed: { sizeBytes: LISTED.sizeBytes, serial: LISTED.serial } }),
  ],
  ["identity-mismatch", "identity-mismatch", "serial", question({ identity: identity({ serial: known("9f1c2a78") }) })],
  ["identity-mismatch", "identity-mismatch", "no serial", question({ identity: identity({ serial: known("") }) })],
  ["identity-mismatch", "identity-mismatch", "WWN", question({ identity: identity({ wwn: known("naa.5") }) })],
  [
    "identity-mismatch",
    "identity-mismatch",
    "LUN",
    question({ identity: identity({ target: known({ ...TARGET, lun: 4 }) }) }),
  ],
  [
    "identity-mismatch",
    "identity-mismatch",
    "no target",
    question({ identity: identity({ target: known(undefined) }) }),
  ],
  ["cannot-tell", "identity-mismatch", "serial", question({ identity: identity({ serial: unknown }) })],
  ["cannot-tell", "identity-mismatch", "WWN", question({ identity: identity({ wwn: unknown }) })],
  ["cannot-tell", "identity-mismatch", "target", question({ identity: identity({ target: unknown }) })],
  [
    "size-mismatch",
    "size-mismatch",
    "larger",
    question({ identity: identity({ sizeBytes: known(LISTED.sizeBytes + 512n) }) }),
  ],
  ["cannot-tell", "size-mismatch", "size", question({ identity: identity({ sizeBytes: unknown }) })],
  ["ambiguous", "ambiguous", "serial", question({}, other({ serial: known(LISTED.serial) }))],
  ["ambiguous", "ambiguous", "WWN", question({}, other({ wwn: known("eui.6001405a9f1c2a77") }))],
  ["ambiguous", "ambiguous", "LUN", question({}, other({ target: known(LISTED.target) }))],
  ["cannot-tell", "ambiguous", "another's serial", question({}, other({ serial: unknown }))],
  ["multipath", "multipath", "a map", question({ multipath: known(["dm-3"]) })],
  ["mounted", "mounted", "one mount", question({ mounts: known(["/mnt"]) })],
  ["swap", "swap", "swap", question({ swaps: known(["/dev/sdb1"]) })],
  ["system", "system", "root", question({ system: known(["/"]) })],
  ["partitioned", "partitioned", "a partition", question({ partitions: known(["sdb1"]) })],
  ["held", "held", "a volume", question({ holders: known(["dm-0"]) })],
  ["busy", "busy", "held open", question({ exclusive: known(false) })],
  ["open-elsewhere", "open-elsewhere", "a virtual machine", question({ writers: known(["qemu (pid 7)"]) })],
  ["read-only", "read-only", "read-only", question({ readOnly: known(true) })],
  ["removable", "removable", "removable", question({ removable: known(true) })],
  ["partition-table", "signatures", "gpt", signature("gpt")],
  ["partition-table", "signatures", "dos", signature("dos")],
  ["lvm", "signatures", "LVM", signature("LVM2_member")],
  ["md-raid", "signatures", "md", signature("linux_raid_member")],
  ["zfs", "signatures", "ZFS", signature("zfs_member")],
  ["ceph", "signatures", "Ceph", signature("ceph_bluestore")],
  ["bcache", "signatures", "bcache", signature("bcache")],
  ["swap-signature", "signatures", "swap", signature("swap")],
  ["multipath", "signatures", "a member", signature("mpath_member")],
  ["signature", "signatures", "ext4", signature("ext4")],
  ["signature", "signatures", "what nobody knows", signature("newfs")],
  ["unknown-content", "label", "data", question({ label: known({ type: "foreign" }) })],
  ["label-missing", "label", "blank", question({ label: blank })],
  ["label-damaged", "label", "damaged", question({ label: known({ type: "damaged", why: "checksum" }) })],
  ["label-device", "label", "device", labelled({ device: "lun1" })],
  ["already-claimed", "label", "claim", question({}, { purpose: { type: "claim" } })],
  [
    "unknown-content",
    "label",
    "claim",
    question({ label: known({ type: "foreign" }) }, { purpose: { type: "claim" } }),
  ],
  ["label-missing", "label", "release", question({ label: blank }, { purpose: { type: "release", claim: LABEL } })],
  ["label-lab", "lab", "the label's", labelled({ lab: "lab2" })],
  ["label-lab", "lab", "the run's", question({}, { purpose: { ...USE, lab: "lab2" } })],
  ["label-uuid", "claim", "uuid", labelled({ uuid: "uuid-2" })],
  ["not-claimed", "claim", "not by us", question({}, { purpose: { ...USE, claim: undefined } })],
  ["not-claimed", "claim", "release", question({}, { purpose: { type: "release", claim: undefined } })],
  [
    "region",
    "region",
    "the label",
    question({}, { purpose: { ...USE, plan: { ...PLAN, firstByte: PLAN.firstByte - 1n } } }),
  ],
  [
    "region",
    "region",
    "past the end",
    question({}, { purpose: { ...USE, plan: { ...PLAN, sizeBytes: PLAN.sizeBytes + 1n } } }),
  ],
  ["region", "region", "nothing", question({}, { purpose: { ...USE, plan: { ...PLAN, sizeBytes: 0n } } })],
  ["plan-hash", "plan-hash", "another label", planned({ name: "lun0", ...LISTED }, { ...LABEL, uuid: "uuid-0" })],
  ["plan-hash", "plan-hash", "another lab", planned({ name: "lun0", ...LISTED }, { ...LABEL, lab: "lab0" })],
  ["plan-hash", "plan-hash", "no label yet", planned({ name: "lun0", ...LISTED }, undefined)],
  ["plan-hash", "plan-hash", "another serial", planned({ name: "lun0", ...LISTED, serial: "9f1c2a78" }, LABEL)],
  ["plan-hash", "plan-hash", "another device", planned({ name: "lun1", ...LISTED }, LABEL)],
  ["stale", "stale", "another attachment", question({ identity: identity({ node: "8:16#6" }) })],
  [
    "stale",
    "stale",
    "another than was taken",
    fresh({}, { purpose: { ...USE_FRESH, fresh: { ...TAKEN, node: "8:16#4" } } }),
  ],
  [
    "foreign-target",
    "foreign-target",
    "take",
    fresh({}, { purpose: { ...TAKE, owners: { ...OWNERS, targets: ["iqn.2026-11.lab2:"] } } }),
  ],
  [
    "foreign-target",
    "foreign-target",
    "no target",
    fresh({}, { purpose: { ...USE_FRESH, owners: { ...OWNERS, targets: [] } } }),
  ],
  ["unknown-content", "label", "take", fresh({ label: known({ type: "foreign" }) }, { purpose: TAKE })],
  ["unknown-content", "label", "not used yet", fresh({ label: known({ type: "foreign" }) })],
  ["already-claimed", "label", "take", question({}, { purpose: TAKE })],
  ["already-claimed", "label", "taken", question({}, { purpose: USE_FRESH })],
  ["label-lab", "lab", "what was taken", fresh({}, { purpose: { ...USE_FRESH, lab: "lab2" } })],
  ["ambiguous", "ambiguous", "almost a path", fresh({}, other({ serial: known(LISTED.serial) }))],
  [
    "region",
    "region",
    "past a fresh LUN's end",
    fresh({}, { purpose: { ...USE_FRESH, plan: { ...USE_FRESH.plan, sizeBytes: DISK_BYTES + 1n } } }),
  ],
  [
    "plan-hash",
    "plan-hash",
    "taken anew",
    fresh({}, { purpose: { ...USE_FRESH, fresh: { ...TAKEN, uuid: "uuid-2" } } }),
  ],
  ["identity-thin", "identity-thin", "size alone", given({}, { listed: { sizeBytes: DISK_BYTES } })],
  ["identity-mismatch", "identity-mismatch", "given, another serial", givenDisk({ serial: known("9f1c2a78") })],
  ["identity-mismatch", "identity-mismatch", "given, no serial", givenDisk({ serial: known("") })],
  ["cannot-tell", "identity-mismatch", "given, its WWN", givenDisk({ wwn: unknown })],
  ["size-mismatch", "size-mismatch", "given, larger", givenDisk({ sizeBytes: known(DISK_BYTES + 512n) })],
  ["ambiguous", "ambiguous", "given, another with its serial", given({}, other({ serial: known(LISTED.serial) }))],
  ["cannot-tell", "ambiguous", "given, another's WWN", given({}, other({ wwn: unknown }))],
  ["was-there", "arrival", "the last that was there", givenDisk({ node: "8:16#4" })],
  ["was-there", "arrival", "used", given({}, { purpose: { ...USE_GIVEN, fresh: { ...GIVEN_LUN, given: LATER } } })],
  ["cannot-tell", "arrival", "a kernel that does not count", givenDisk({ node: "8:16" })],
  ["foreign-target", "foreign-target", "another attacher", given({}, { purpose: { ...TAKE_GIVEN, given: OF_HV2 } })],
  [
    "foreign-target",
    "foreign-target",
    "an attacher that is not in lunsOf any more",
    given({}, { purpose: { ...USE_GIVEN, owners: { ...OWNERS, attachers: [] } } }),
  ],
  ["foreign-target", "foreign-target", "given, of a session of this host", givenDisk({ target: known(TARGET) })],
  ["cannot-tell", "foreign-target", "given, whether it is of a session", givenDisk({ target: unknown })],
  ["unknown-content", "label", "given, not blank", given({ label: known({ type: "foreign" }) })],
  [
    "unknown-content",
    "label",
    "given, not blank at its first run",
    given({ label: known({ type: "foreign" }) }, { purpose: USE_GIVEN }),
  ],
  [
    "stale",
    "stale",
    "given, attached anew",
    given({}, { purpose: { ...USE_GIVEN, fresh: { ...GIVEN_LUN, node: "8:16#7" } } }),
  ],
];

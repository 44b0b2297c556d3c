/** A disk that nothing speaks against, for tests: each takes one thing away. */
import type { DiskFacts, DiskIdentity, FreshLun, Label } from "./facts.ts";
import { known } from "./facts.ts";
import type { ListedDisk } from "./identity.ts";
import type { Purpose, Question, RawPlan } from "./judge.ts";
import { deviceHash } from "../plan-hash.ts";
import { RESERVED_BYTES } from "./label.ts";

export const DISK_BYTES = 64n * 1024n * 1024n;
export const TARGET = { iqn: "iqn.2026-11.lab:ram0", lun: 3 };
export const LISTED: ListedDisk = {
  sizeBytes: DISK_BYTES,
  serial: "9f1c2a77",
  wwn: "naa.6001405a9f1c2a77",
  target: TARGET,
};
export const LABEL: Label = { uuid: "uuid-1", lab: "lab1", device: "lun0" };
export const PLAN: RawPlan = {
  node: "8:16#5",
  firstByte: RESERVED_BYTES,
  sizeBytes: DISK_BYTES - RESERVED_BYTES,
  deviceHash: deviceHash({ name: "lun0", ...LISTED }, LABEL),
};
export const USE = { type: "use", claim: LABEL, lab: "lab1", plan: PLAN } as const satisfies Purpose;

export const OWNERS = { targets: ["iqn.2026-11.lab:"], attachers: ["hv1"] };
const BLANK = known({ type: "blank" } as const);
export const TAKEN: FreshLun = { ...LABEL, node: "8:16#5", used: false };
export const TAKE = { type: "take", owners: OWNERS } as const satisfies Purpose;
export const USE_FRESH = {
  type: "use-fresh",
  fresh: TAKEN,
  owners: OWNERS,
  lab: "lab1",
  plan: { ...PLAN, firstByte: 0n, sizeBytes: DISK_BYTES },
} as const satisfies Purpose;

export function identity(more: Partial<DiskIdentity> = {}): DiskIdentity {
  return {
    path: "/dev/sdb",
    model: "RAMDISK",
    node: "8:16#5",
    serial: known("9f1c2a77"),
    wwn: known("0x6001405A9F1C2A77"),
    target: known(TARGET),
    sizeBytes: known(DISK_BYTES),
    ...more,
  };
}

export function factsOf(more: Partial<DiskFacts> = {}): DiskFacts {
  return {
    identity: identity(),
    readOnly: known(false),
    removable: known(false),
    mounts: known([]),
    swaps: known([]),
    system: known([]),
    partitions: known([]),
    holders: known([]),
    multipath: known([]),
    signatures: known([]),
    writers: known([]),
    label: known({ type: "label", label: LABEL }),
    exclusive: known(true),
    ...more,
  };
}

/** Another disk of the host. */
export const OTHER = identity({
  path: "/dev/sda",
  node: "8:0#1",
  serial: known("other"),
  wwn: known(""),
  target: known(undefined),
});

/** Of a LUN that a target has made, and that bears no label. */
export function fresh(facts: Partial<DiskFacts> = {}, more: Partial<Question> = {}): Question {
  return question({ label: BLANK, ...facts }, { purpose: USE_FRESH, ...more });
}

export function question(facts: Partial<DiskFacts> = {}, more: Partial<Question> = {}): Question {
  const all = factsOf(facts);
  const found = "value" in all.label && all.label.value.type === "label" ? all.label.value.label : undefined;
  const { listed = LISTED } = more;
  // Planned as it is: a test of the plan's hash says otherwise.
  const plan = { ...PLAN, deviceHash: deviceHash({ name: "lun0", ...listed }, found) };
  return { facts: all, disks: [OTHER, all.identity], name: "lun0", listed, purpose: { ...USE, plan }, ...more };
}

/** By what its attacher reports a disk that it gives: there is no target in it. */
export const GIVEN_KEYS: ListedDisk = { sizeBytes: DISK_BYTES, serial: "9f1c2a77", wwn: "naa.6001405a9f1c2a77" };
const GIVEN = { attacher: "hv1", after: 4 };
export const TAKE_GIVEN = { type: "take", owners: OWNERS, given: GIVEN } as const satisfies Purpose;
export const GIVEN_LUN: FreshLun = { ...TAKEN, given: GIVEN };
export const USE_GIVEN = {
  ...USE_FRESH,
  fresh: GIVEN_LUN,
  plan: { ...USE_FRESH.plan, deviceHash: deviceHash({ name: "lun0", ...GIVEN_KEYS }, GIVEN_LUN) },
} as const satisfies Purpose;

/** Of a blank disk of no target of this host's own, which came after it was awaited. */
export function given(facts: Partial<DiskFacts> = {}, more: Partial<Question> = {}): Question {
  const own = { identity: identity({ target: known(undefined) }), label: BLANK, ...facts };
  return question(own, { listed: GIVEN_KEYS, purpose: TAKE_GIVEN, ...more });
}

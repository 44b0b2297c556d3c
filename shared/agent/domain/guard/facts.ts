/** What a platform found out about the disks of its host. The guard decides on nothing else. */

/** A fact that could not be gathered is unknown, and says why: the guard takes that for a no. */
export type Fact<T> = { readonly value: T } | { readonly unknown: string };

/** By what a disk is known, in the order in which people look for it. */
export interface DiskIdentity {
  /** As the kernel calls it now: /dev/sdb. Another disk may have this name tomorrow. */
  readonly path: string;
  /** For people. */
  readonly model: string;
  /** The kernel's number for it, 8:16, and the count of its attachments where the kernel has one: both as one text. */
  readonly node: string;
  /** Empty when the disk has none. */
  readonly serial: Fact<string>;
  readonly wwn: Fact<string>;
  /** undefined: no disk of a target. */
  readonly target: Fact<Target | undefined>;
  readonly sizeBytes: Fact<bigint>;
  /** Of a multipath map, which has the identity of these. */
  readonly paths?: readonly string[];
  /** The sessions and controllers by which it is reached, if it is a target's: session2, nvme0. */
  readonly sessions?: readonly string[];
  /** What it reads and writes at the least. Not there where the platform does not tell. */
  readonly sectorBytes?: number;
}

export interface Target {
  /** Of iSCSI an IQN, of NVMe an NQN, of a loopback of this host a NAA name. */
  readonly iqn: string;
  /** Of NVMe the namespace's id. */
  readonly lun: number;
}

/** Something that a disk bears: a partition table, a file system, a member of an array. Named as libblkid does. */
export interface Signature {
  readonly type: string;
  readonly offset: bigint;
}

/** What stands where Salvo's label would be. */
export type LabelFound =
  /** Nothing but zeros in the reserved space. */
  | { readonly type: "blank" }
  /** Something that is not ours. */
  | { readonly type: "foreign" }
  /** It begins as a label does, but its checksum or form is wrong. */
  | { readonly type: "damaged"; readonly why: string }
  | { readonly type: "label"; readonly label: Label };

/** Says whose a disk is. */
export interface Label {
  readonly uuid: string;
  readonly lab: string;
  /** The device's name in the agent's configuration. */
  readonly device: string;
}

/**
 * A disk that another agent, this guest's attacher, has given to this host. No session tells whose it is, so more is wanted of it: it
 * must have come after it was awaited.
 */
export interface Given {
  readonly attacher: string;
  /** The greatest sequence number of a disk here when this one began to be awaited: see sequenceOf. */
  readonly after: number;
}

/**
 * The kernel counts attachments of disks, and no two of one boot have the same number (Linux 5.15 and newer:
 * Documentation/ABI/stable/sysfs-block, diskseq). undefined: this kernel does not count. Of 8:16#5 the last part.
 */
export function sequenceOf({ node }: Pick<DiskIdentity, "node">): number | undefined {
  const [, sequence] = /#(\d+)$/.exec(node) ?? [];
  return sequence === undefined ? undefined : Number(sequence);
}

/**
 * Of a LUN that a target of the lab has made for one scenario, and that nobody else has ever written to. It bears no label, so
 * that workloads have all of it: the agent remembers which attachment it has taken when that was blank.
 */
export interface FreshLun extends Label {
  readonly node: string;
  /** Of a disk whose attacher is another agent. Without it the LUN is attached by this host itself. */
  readonly given?: Given;
  /**
   * A run may have written to it; until then it must still be blank. A record of an older agent does not say, and that counts as
   * no: it may refuse what workloads wrote, which costs a new LUN, and lets nobody's data pass.
   */
  readonly used?: boolean;
}

export interface DiskFacts {
  readonly identity: DiskIdentity;
  readonly readOnly: Fact<boolean>;
  readonly removable: Fact<boolean>;
  /** Where it, or a partition of it, is mounted. */
  readonly mounts: Fact<readonly string[]>;
  /** Swap on it or on a partition. */
  readonly swaps: Fact<readonly string[]>;
  /** The parts of the running system that are on it, also through volumes: "/", "/boot". */
  readonly system: Fact<readonly string[]>;
  /** Partitions that the kernel sees. */
  readonly partitions: Fact<readonly string[]>;
  /** Devices made of it: volumes, arrays. */
  readonly holders: Fact<readonly string[]>;
  /** Those of the holders that are multipath maps. */
  readonly multipath: Fact<readonly string[]>;
  readonly signatures: Fact<readonly Signature[]>;
  /** What else has it open to write to it, without having it for itself: "qemu-system-x86 (pid 4711)". */
  readonly writers: Fact<readonly string[]>;
  readonly label: Fact<LabelFound>;
  /** Nobody else has it for themselves: an exclusive opening succeeded, or is ours. */
  readonly exclusive: Fact<boolean>;
}

export const known = <T>(value: T): Fact<T> => ({ value });

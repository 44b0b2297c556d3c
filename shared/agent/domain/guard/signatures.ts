import type { Signature } from "./facts.ts";
import { type Refusal, type RefusalCode, refusal } from "./refusal.ts";

/** By libblkid's names (libblkid/src/superblocks, partitions); whatever is not here is refused as `signature`. */
const KINDS: readonly (readonly [RegExp, RefusalCode, string])[] = [
  [
    /^(dos|gpt|PMBR|bsd|sun|sgi|mac|minix-pt|ultrix|solaris-x86|unixware|atari|hidden)$/,
    "partition-table",
    "a partition table",
  ],
  [/^LVM[12]_member$/, "lvm", "an LVM physical volume"],
  [/^(linux_raid_member|ddf_raid_member|isw_raid_member)$/, "md-raid", "a member of a RAID array"],
  [/^zfs_member$/, "zfs", "a member of a ZFS pool"],
  [/^ceph_bluestore$/, "ceph", "a Ceph OSD"],
  [/^bcache/, "bcache", "a bcache device"],
  [/^(swap|swsuspend)$/, "swap-signature", "a swap area"],
  [/^mpath_member$/, "multipath", "a multipath member"],
];

/** A disk that bears anything belongs to somebody, with a label of ours or without: it may have come after the claim. */
export function signatureRefusals(signatures: readonly Signature[]): Refusal[] {
  return signatures.map(({ type, offset }) => {
    const [, code, words] = KINDS.find(([pattern]) => pattern.test(type)) ?? [/./, "signature", "a signature"];
    return refusal(code, `bears ${words}: ${type} at byte ${offset}`);
  });
}

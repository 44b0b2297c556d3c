/** Why the guard says no. Closed: each code has one meaning, one remedy and one test. */
export type RefusalCode = keyof typeof REMEDIES;

export interface Refusal {
  readonly code: RefusalCode;
  /** Reads on from the device's name: "is mounted at /mnt". */
  readonly message: string;
  readonly remedy: string;
}

const REMEDIES = {
  "identity-thin":
    "Give the size and two or more of serial, wwn, and iqn with lun. A virtio disk has a serial number at most: attach it to the guest over SCSI or SATA, with a WWN of its own (QEMU: -device scsi-hd,serial=...,wwn=...; libvirt: bus='scsi', <serial>, <wwn>).",
  "not-found": "Connect the disk, or correct its identity in the agent's file: `devices list` shows what is here.",
  ambiguous: "Give every disk an identity of its own at the target, or disconnect the others.",
  "identity-mismatch": "It is another disk than the one listed. Correct the agent's file only when you know why.",
  "size-mismatch": "It is another disk, or it was resized. Correct the agent's file only when you know why.",
  multipath: "Stop multipath for it (blacklist it in multipath.conf); a path of a map is never written to.",
  mounted: "Unmount it, if nobody needs what is on it.",
  swap: "Take it out of swap with swapoff, if it may go.",
  system: "The running system is on it. Choose another disk.",
  partitioned: "Its owner may remove the partitions with wipefs; Salvo never wipes.",
  held: "Remove the volumes or arrays that are made of it, if they may go.",
  busy: "Another program has exclusive use of it: a file system, an array, another agent. End that first.",
  "open-elsewhere": "Another program writes to it, a virtual machine perhaps. End that first, or choose another disk.",
  "read-only": "Make it writable at the target or with blockdev --setrw.",
  removable: "Choose a disk that is not removable.",
  "partition-table": "Its owner may remove it with wipefs; Salvo never wipes.",
  lvm: "Its owner may remove the physical volume with pvremove; Salvo never wipes.",
  "md-raid": "Its owner may take it out of the array with mdadm --zero-superblock; Salvo never wipes.",
  zfs: "Its owner may take it out of the pool with zpool labelclear; Salvo never wipes.",
  ceph: "Its owner may remove the OSD with ceph-volume lvm zap; Salvo never wipes.",
  bcache: "Its owner may remove it from the cache set with wipefs; Salvo never wipes.",
  "swap-signature": "Its owner may remove it with wipefs; Salvo never wipes.",
  signature: "Its owner may remove it with wipefs; Salvo never wipes.",
  "unknown-content": "Its owner may zero its first MiB when it is not needed; Salvo never wipes.",
  "label-missing":
    "Claim it on the agent's host, if runs may overwrite it: `salvo-agent-guest devices claim`, the device's name, and --config with the agent's file. After `salvo deploy` these are /opt/salvo/current/salvo-agent-guest and /etc/salvo/agent.yaml.",
  "label-damaged": "Something else wrote there. Find out what, zero the first MiB if it may go, and claim it again.",
  "label-device": "Another device of this agent's file was claimed on it. Look which disk is meant.",
  "label-lab": "It belongs to another lab. Release it there first.",
  "label-uuid": "It was claimed again, here or elsewhere, or is a copy. Release it there first, then claim it here.",
  "not-claimed":
    "The data folder of this agent does not know the claim. Release it with the agent that claimed it, then claim it here. Where that agent or its data folder is no more, its owner may zero its first 4 KiB if nothing on it is wanted, and then claim it here.",
  "already-claimed": "It has a label already. Release it first.",
  "foreign-target":
    "Name the agent of that target, or of that attacher, under lunsOf in this agent's own file, if runs may overwrite what it makes for them.",
  "was-there": "Let its attacher detach it, and attach it again after this guest began to wait for it.",
  region: "Workloads may write only between the label's MiB and the disk's end.",
  stale: "It was exchanged or changed since it was armed. Start the run again.",
  "plan-hash":
    "The run was planned with something else than is here now. Start it again. If that does not help, the plan was altered on its way.",
  "cannot-tell": "What cannot be known counts as a no. Make it readable for the agent, which may need to run as root.",
} as const;

export function refusal(code: RefusalCode, message: string): Refusal {
  return { code, message, remedy: REMEDIES[code] };
}

export const REFUSAL_CODES = Object.keys(REMEDIES) as RefusalCode[]; // the keys of a constant are known

import type { Waiting } from "../../kernel/signal.ts";
import type { DiskFacts, DiskIdentity, Fact, Signature } from "../domain/guard/facts.ts";

/** What a platform knows of the raw disks of its host. Nothing here throws for what it could not find out: see Fact. */
export interface Disks {
  /** All whole disks that are here now. Quick. */
  identify(): DiskIdentity[];
  /**
   * Opens the disk for ourselves alone, or, when that fails, only to look at it: the fact `exclusive` tells. While it is
   * open nobody can mount it or take it for an array, and the kernel gives its number to no other disk.
   */
  open(disk: DiskIdentity): OpenedDisk;
  /** What is on it, as far as programs that know file systems can tell. Takes its time. */
  findSignatures(disk: DiskIdentity, waiting?: Waiting): Promise<Fact<readonly Signature[]>>;
  /** Who has it, or a partition of it, open to write to it, besides this process. Looks at every process of the host. */
  findWriters(disk: DiskIdentity): Fact<readonly string[]>;
}

/** A disk behind a handle: whatever it is called by now, all of this is about that very disk. */
export interface OpenedDisk {
  /**
   * Everything that is quickly found out, anew; some milliseconds. startBytes: of how much of its start it must be known that
   * there is nothing, where there is no label. 0: the label is not read, and so unknown.
   */
  look(startBytes: number): Omit<DiskFacts, "signatures" | "writers">;
  /** The node of its identity, by a handful of system calls. */
  node(): string;
  /** Writes one block at its start, and returns when it is on the disk. Throws when the disk is not ours alone. */
  writeLabel(block: Buffer): void;
  close(): void;
}

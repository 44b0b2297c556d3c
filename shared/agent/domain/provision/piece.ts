/**
 * One thing that a host has or should have: a module, a volume, a portal, a session. A provider says which there are and
 * which there should be; what to do about the difference is the same for all (diff.ts). Op: the smallest things that the
 * provider does. The engine passes them on, and knows nothing of them.
 */
export interface Piece<Op> {
  /** No two pieces of a host have the same: "volume ram0". Nobody reads anything out of it. */
  readonly id: string;
  /** What kind of thing it is: "volume". */
  readonly kind: string;
  /** For people, to be read after "make" and "remove": "volume ram0: 64 MiB of RAM". */
  readonly text: string;
  /** Ids of pieces that must be there before it, and go after it. */
  readonly needs: readonly string[];
  /** What it is. A piece with other facts is another piece: it is removed, and made anew. */
  readonly facts: Readonly<Record<string, string>>;
  /** What can be changed while it is in use. */
  readonly settings: Readonly<Record<string, Setting<Op>>>;
  /** Makes it, with its settings. */
  readonly make: readonly Op[];
  /** Takes it away, however much of it there is. */
  readonly remove: readonly Op[];
  /**
   * Others may use it, and it may be theirs: if it is there, it will do. `goes`: a folder, which is removed when it is ours and
   * nobody else has anything in it. `stays`: a module, which nobody is sure that nobody needs.
   */
  readonly shared?: "goes" | "stays";
  /** It comes and goes with what it needs, and is whose that is: a LUN, with its sessions. */
  readonly follows?: true;
}

export interface Setting<Op> {
  readonly value: string;
  readonly ops: readonly Op[];
}

/** A piece that is there. `make` is how it would be made again, as far as that can be told. */
export interface Found<Op> extends Piece<Op> {
  /** Of one that was never finished: what it lacks. It cannot be used, and is made anew. */
  readonly problem?: string;
}

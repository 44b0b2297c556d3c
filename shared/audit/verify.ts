/** Whether an audit log is what was written, line by line, as pure functions of its bytes. */
import { type Entry, readLine, sha256, START } from "./entry.ts";

export interface Verification {
  /** Nothing is broken, and nothing torn that no entry tells of. */
  readonly holds: boolean;
  readonly entries: number;
  readonly first: Entry | undefined;
  readonly last: Entry | undefined;
  readonly broken: readonly Broken[];
  /** What crashes cut off. */
  readonly torn: readonly Torn[];
  /** Begun, and never ended: a crash, or it is still being done. */
  readonly unfinished: readonly Unfinished[];
}

export interface Broken {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

export interface Torn {
  readonly line: number;
  readonly bytes: number;
  /** An entry after it tells of it, as every one does that is written after a crash. */
  readonly told: boolean;
}

export interface Unfinished {
  readonly line: number;
  readonly entry: Entry;
}

export interface Verifier {
  /** The next line, with its newline if it has one. */
  line(bytes: Uint8Array): void;
  result(): Verification;
}

const NEWLINE = 0x0a;

/** onEntry gets each line that is an entry, whether it follows from the one before or not. */
export function createVerifier(onEntry: (entry: Entry) => void = () => {}): Verifier {
  let number = 0;
  let entries = 0;
  let first: Entry | undefined;
  let last: Entry | undefined;
  /** No entries, since the last entry. */
  let pending: (Broken & { readonly bytes: Uint8Array; readonly tearable: boolean })[] = [];
  const broken: Broken[] = [];
  const torn: Torn[] = [];
  const open = new Map<number, Unfinished>();

  function take(entry: Entry): void {
    const why = pending.length > 0 && !closesPending(entry) ? undefined : linkProblem(entry, last);
    if (pending.length > 0) settlePending(entry);
    else if (entry.kind === "torn") broken.push({ line: number, why: "it tells of a torn line, and there is none" });
    if (why !== undefined) broken.push({ line: number, why });
    else follow(entry);
    first ??= entry;
    last = entry;
    entries++;
    onEntry(entry);
  }

  function follow(entry: Entry): void {
    if (entry.kind === "begin") open.set(entry.seq, { line: number, entry });
    // After a break its begin may be what is missing.
    if (entry.kind === "end" && !open.delete(entry.of) && broken.length === 0)
      broken.push({ line: number, why: `it ends entry ${entry.of}, which is not begun` });
  }

  function closesPending({ kind, details }: Entry): boolean {
    const bytes = pending.map((each) => each.bytes);
    const length = bytes.reduce((sum, each) => sum + each.length, 0);
    const isTear = kind === "torn" && pending.every(({ tearable }) => tearable);
    return isTear && details["bytes"] === length && details["sha256"] === sha256(...bytes);
  }

  function settlePending(entry: Entry): void {
    if (closesPending(entry))
      for (const { line, bytes } of pending) torn.push({ line, bytes: bytes.length, told: true });
    else for (const { line, why } of pending) broken.push({ line, why });
    pending = [];
  }

  return {
    line(bytes) {
      number++;
      const ended = bytes.at(-1) === NEWLINE;
      const entry = readLine(ended ? bytes.subarray(0, -1) : bytes);
      if (typeof entry === "string") {
        const why = entry === "changed" ? "it is not what was written" : "it is no entry";
        pending.push({ line: number, why, bytes, tearable: entry === "no-entry" });
      } else {
        take(entry);
        if (!ended) torn.push({ line: number, bytes: bytes.length, told: false });
      }
    },
    result() {
      const isTear = pending.every(({ tearable }) => tearable) && pending.at(-1)?.bytes.at(-1) !== NEWLINE;
      const untold = isTear ? pending.map(({ line, bytes }) => ({ line, bytes: bytes.length, told: false })) : [];
      const allTorn = [...torn, ...untold];
      const allBroken = [...broken, ...(isTear ? [] : pending.map(({ line, why }) => ({ line, why })))];
      return {
        holds: allBroken.length === 0 && allTorn.every(({ told }) => told),
        entries,
        first,
        last,
        broken: allBroken,
        torn: allTorn,
        unfinished: [...open.values()],
      };
    },
  };
}

function linkProblem({ seq, previous }: Entry, last: Entry | undefined): string | undefined {
  const { seq: before, hash } = last ?? START;
  if (seq === before + 1) return previous === hash ? undefined : "it does not follow from the line before it";
  if (seq <= before) return `it is entry ${seq}, after entry ${before}`;
  const missing = seq === before + 2 ? `entry ${before + 1} is` : `entries ${before + 1} to ${seq - 1} are`;
  return `${missing} missing before it`;
}

/** For a whole log in memory. */
export function verifyAudit(bytes: Uint8Array): Verification {
  const verifier = createVerifier();
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline === -1 ? bytes.length : newline + 1;
    verifier.line(bytes.subarray(from, end));
    from = end;
  }
  return verifier.result();
}
